// The left column: who you are, and the conversations with what is unread in them.
import { h, icon, iconButton } from "./dom.js";
import { show } from "./dialog.js";
import { t } from "./i18n.js";
import { avatar } from "./message.js";
import { draftOf } from "./drafts.js";
import { choosePersona, otherNews } from "./people.js";
import { gist, home, inConversation, nameOf, on, openConversation, persona, state, unread } from "./store.js";

const side = h("nav", { class: "side" });

export function sideView() {
  for (const topic of ["me", "people", "messages", "open", "seen", "inboxes", "drafts", "lang", "loaded"]) on(topic, draw);
  document.addEventListener("keydown", shortcut);
  return side;
}

function draw() {
  const focus = document.activeElement?.closest(".side")?.contains(document.activeElement) ? document.activeElement.dataset.place : null;
  side.setAttribute("aria-label", t("conversations"));
  side.replaceChildren(you(), h("div", { class: "side-scroll" }, section(t("private"), [entry(home(), "Sluice")]), section(t("groups"), groups(), newGroup())));
  if (focus) side.querySelector(`[data-place="${CSS.escape(focus)}"]`)?.focus();
  const who = nameOf(state.me);
  const total = places().reduce((sum, place) => sum + unread(place), 0);
  document.body.classList.toggle("has-unread", total > 0);
  document.title = `${total ? `(${total}) ` : ""}${who ? `${who} · ` : ""}Sluice`;
}

function you() {
  const me = persona(state.me);
  const others = otherNews();
  const about = [me ? t(`role_${me.role}`) : t("stranger"), me?.team].filter(Boolean).join(" · ");
  return h("button", { type: "button", class: "you", "aria-haspopup": "dialog", title: t("switchPersona"), onclick: choosePersona }, [
    avatar(state.me),
    h("span", { class: "you-words" }, h("small", {}, t("youAre")), h("b", {}, me?.name ?? state.me), h("small", {}, about)),
    others ? h("span", { class: "others", role: "img", title: t("otherNews", { count: others }), "aria-label": t("otherNews", { count: others }) }) : null,
    icon("chevron"),
  ]);
}

const section = (title, entries, extra = null) => h("section", {}, h("div", { class: "side-title" }, h("h2", {}, title), extra), h("ul", {}, entries));

// The own team's groups come first.
const ordered = () => {
  const team = persona(state.me)?.team;
  return [...state.people.groups].sort((one, other) => (other.about === team) - (one.about === team));
};

const groups = () => ordered().map((group) => entry(`group:${group.key}`, group.name || group.key, group.about));

function entry(place, name, about) {
  const count = unread(place);
  const current = place === state.open;
  const kind = `place ${count ? "unread" : ""}`;
  const mark = count ? h("span", { class: "badge", "aria-label": t("unread", { count }) }, count > 99 ? "99+" : String(count)) : null;
  const look = place.startsWith("dm:") ? avatar("sluice") : h("span", { class: "group-icon" }, icon("hash"));
  const words = h("span", { class: "place-words" }, h("b", {}, name), preview(place) ?? (about && about !== name ? h("small", {}, about) : null));
  return h("li", {}, h("button", { type: "button", class: kind, "data-place": place, "aria-current": current ? "page" : null, onclick: () => visit(place) }, look, words, mark));
}

function preview(place) {
  const draft = place !== state.open && draftOf(place);
  if (draft) return h("small", { class: "draft" }, t("draft", { text: draft }));
  const last = inConversation(place).at(-1);
  const words = last && gist(last);
  return words ? h("small", {}, words) : null;
}

function visit(place) {
  openConversation(place);
  document.body.classList.remove("side-open");
  document.querySelector("#composer")?.focus();
}

function newGroup() {
  const input = () => h("input", { name: "key", pattern: "[\\w.@+\\-]{1,80}", maxlength: "80", autocomplete: "off", "aria-label": t("groupName"), placeholder: t("groupName") });
  const ask = () => {
    const field = input();
    const start = (event) => {
      event.preventDefault();
      if (!field.value.trim() || !field.checkValidity()) return field.focus();
      openConversation(`group:${field.value.trim()}`);
      dialog.close();
      draw();
    };
    const body = h("form", { onsubmit: start }, h("p", { class: "question" }, t("newGroupText")), h("div", { class: "form-field" }, field), h("footer", {}, h("button", { type: "submit", class: "button primary" }, t("open"))));
    const dialog = show(t("newGroup"), body, "small");
    field.focus();
  };
  return iconButton("plus", t("newGroup"), ask);
}

const places = () => [home(), ...ordered().map((group) => `group:${group.key}`)];

function shortcut(event) {
  if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  const all = places();
  const next = all.indexOf(state.open) + (event.key === "ArrowDown" ? 1 : -1);
  event.preventDefault();
  visit(all[(next + all.length) % all.length]);
}
