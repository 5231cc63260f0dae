// The bar on top: clock, language, light or dark, a second person, and the columns of a narrow page.
import { clockView } from "./clock.js";
import { h, icon, iconButton } from "./dom.js";
import { lang, switchTo, t } from "./i18n.js";
import { chooseBeside } from "./people.js";
import { emit, on } from "./store.js";
import { isDark, onTheme, toggle } from "./theme.js";

const clock = clockView();
const bar = h("header", { class: "top" });
let back = null;

// `back` is where one person stands alone again; the bar above two has no columns to fold.
export function topView(options = {}) {
  back = options.back ?? null;
  on("lang", draw);
  onTheme(draw);
  draw();
  return bar;
}

function draw() {
  const two = back ? h("a", { class: "icon-button", href: back, "aria-label": t("oneAgain"), title: t("oneAgain") }, icon("close")) : iconButton("beside", t("whoBeside"), chooseBeside, { class: "icon-button only-wide", "aria-haspopup": "dialog" });
  bar.replaceChildren(
    back ? "" : sideButton(),
    h("a", { class: "brand", href: "/playground", "aria-label": "Sluice" }, h("img", { src: "/playground/static/logo.svg", alt: "" }), h("b", {}, "Sluice"), h("span", {}, t("playground"))),
    clock,
    h("div", { class: "top-tools" }, languageButton(), iconButton(isDark() ? "sun" : "moon", t("theme"), toggle), two, back ? null : panelButton()),
  );
}

const languageButton = () => h("button", { type: "button", class: "text-button", title: t("otherLanguage"), "aria-label": t("otherLanguage"), lang: lang() === "zh" ? "en" : "zh-CN", onclick: () => switchTo(lang() === "zh" ? "en" : "zh") }, lang() === "zh" ? "EN" : "中文");

export const sideButton = () => iconButton("menu", t("conversations"), openSide, { class: "icon-button only-narrow" });
export const panelButton = () => iconButton("panel", t("panel"), togglePanel, { "aria-expanded": String(document.body.classList.contains("panel-open")) });

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
