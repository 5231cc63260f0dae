// Choosing who to be; and two people beside each other, racing for one lead.
import { h, icon } from "./dom.js";
import { show } from "./dialog.js";
import { t } from "./i18n.js";
import { avatar } from "./message.js";
import { become, state } from "./store.js";

export function choosePersona() {
  const filter = h("input", { type: "search", class: "search", "aria-label": t("findPerson"), placeholder: t("findPerson"), oninput: () => draw(filter.value) });
  const list = h("div", { class: "personas" });
  const dialog = show(t("whoToBe"), h("div", {}, state.people.personas.length > 8 ? filter : null, list));
  const draw = (words) => list.replaceChildren(...grouped(words.trim().toLowerCase()).map(([team, people]) => group(team, people, dialog)));
  draw("");
  list.querySelector("[aria-current]")?.focus();
}

function grouped(words) {
  const teams = new Map();
  for (const person of state.people.personas) {
    if (!`${person.name} ${person.team ?? ""} ${t(`role_${person.role}`)}`.toLowerCase().includes(words)) continue;
    const team = person.team ?? "";
    teams.set(team, [...(teams.get(team) ?? []), person]);
  }
  return [...teams];
}

const group = (team, people, dialog) => h("section", {}, team ? h("h3", {}, team) : null, h("ul", {}, people.map((person) => card(person, dialog))));

function card(person, dialog) {
  const pick = () => {
    dialog.close();
    if (person.id !== state.me) become(person.id);
  };
  const beside = `/playground?${new URLSearchParams({ as: state.me, beside: person.id })}`;
  const race = person.id === state.me ? null : h("a", { class: "beside", href: beside, title: t("besideWhy", { name: person.name }), "aria-label": t("besideWhy", { name: person.name }) }, icon("panel"));
  return h("li", {}, [
    h("button", { type: "button", class: "persona", "aria-current": person.id === state.me ? "true" : null, onclick: pick }, avatar(person.id), h("span", {}, h("b", {}, person.name), h("small", {}, t(`role_${person.role}`)))),
    race,
  ]);
}

export function besideView(left, right) {
  const frame = (id) => h("iframe", { src: `/playground?${new URLSearchParams({ as: id, narrow: "1" })}`, title: id });
  const back = h("a", { class: "icon-button", href: `/playground?as=${encodeURIComponent(left)}`, "aria-label": t("oneAgain"), title: t("oneAgain") }, icon("close"));
  return h("main", { class: "beside-view" }, h("header", {}, h("img", { src: "/playground/static/logo.svg", alt: "" }), h("p", {}, t("besideText")), back), h("div", {}, frame(left), frame(right)));
}
