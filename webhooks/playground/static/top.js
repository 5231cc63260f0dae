// The bar on top: clock, language, light or dark, and the columns of a narrow page.
import { clockView } from "./clock.js";
import { h, iconButton } from "./dom.js";
import { lang, switchTo, t } from "./i18n.js";
import { emit, on, state } from "./store.js";
import { isDark, toggle } from "./theme.js";

const clock = clockView();
const bar = h("header", { class: "top" });

export function topView() {
  on("lang", draw);
  draw();
  return bar;
}

function draw() {
  bar.replaceChildren(
    iconButton("menu", t("conversations"), openSide, { class: "icon-button only-narrow" }),
    h("a", { class: "brand", href: "/playground", "aria-label": "Sluice" }, h("img", { src: "/playground/static/logo.svg", alt: "" }), h("b", {}, "Sluice"), h("span", {}, t("playground"))),
    clock,
    h("div", { class: "top-tools" }, [
      h("button", { type: "button", class: "text-button", title: t("otherLanguage"), "aria-label": t("otherLanguage"), lang: lang() === "zh" ? "en" : "zh-CN", onclick: () => switchTo(lang() === "zh" ? "en" : "zh") }, lang() === "zh" ? "EN" : "中文"),
      iconButton(isDark() ? "sun" : "moon", t("theme"), () => (toggle(), draw())),
      iconButton("panel", t("panel"), togglePanel, { "aria-expanded": String(document.body.classList.contains("panel-open")) }),
    ]),
  );
}

function openSide() {
  document.body.classList.toggle("side-open");
  document.querySelector(".side .place[aria-current]")?.focus();
}

function togglePanel() {
  const open = document.body.classList.toggle("panel-open");
  localStorage.setItem("panel", open ? "open" : "closed");
  draw();
  emit("panel");
}

export const offlineView = () => {
  const line = h("p", { class: "offline", role: "alert", hidden: true });
  on("online", () => {
    line.hidden = state.online;
    line.textContent = t("offline");
  });
  return line;
};
