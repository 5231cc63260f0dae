// Whose conversation this is, above it.
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { avatar } from "./message.js";
import { choosePersona } from "./people.js";
import { home, nameOf, on, state } from "./store.js";
import { panelButton, sideButton } from "./top.js";

const head = h("header", { class: "talk-head" });
const isPane = new URLSearchParams(location.search).has("pane");

export function headView() {
  for (const topic of ["open", "me", "people", "lang", "loaded", "panel"]) on(topic, draw);
  return head;
}

function draw() {
  const [name, about] = state.open === home() ? ["Sluice", t("headPrivate")] : [[icon("hash"), groupName()], t("headGroup")];
  const parts = [h("h1", {}, name), h("p", {}, about), you()];
  head.replaceChildren(...(isPane ? [sideButton(), ...parts, panelButton()] : parts));
}

function groupName() {
  const key = state.open.replace(/^group:/, "");
  return state.people.groups.find((one) => one.key === key)?.name || key;
}

// Where the left column is folded away, this says who one is.
const you = () => h("button", { type: "button", class: "head-you", title: t("switchPersona"), "aria-haspopup": "dialog", onclick: choosePersona }, avatar(state.me), nameOf(state.me));
