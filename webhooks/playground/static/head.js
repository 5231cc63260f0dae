// Whose conversation this is, above it.
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { avatar } from "./message.js";
import { choosePersona } from "./people.js";
import { home, nameOf, on, state } from "./store.js";

const head = h("header", { class: "talk-head" });

export function headView() {
  for (const topic of ["open", "me", "people", "lang", "loaded"]) on(topic, draw);
  return head;
}

function draw() {
  if (state.open === home()) return head.replaceChildren(h("h1", {}, "Sluice"), h("p", {}, t("headPrivate")), you());
  const key = state.open.replace(/^group:/, "");
  const group = state.people.groups.find((one) => one.key === key);
  return head.replaceChildren(h("h1", {}, icon("hash"), group?.name || key), h("p", {}, t("headGroup")), you());
}

// Where the left column is folded away, this says who one is.
const you = () => h("button", { type: "button", class: "head-you", title: t("switchPersona"), onclick: choosePersona }, avatar(state.me), nameOf(state.me));
