// Choosing who to be, or who to stand beside; what waits for the others is counted.
import * as api from "./api.js";
import { h, icon } from "./dom.js";
import { show } from "./dialog.js";
import { t } from "./i18n.js";
import { avatar } from "./message.js";
import { begin } from "./seen.js";
import { become, emit, on, state, waitingFor } from "./store.js";

let timer = 0;
let waits = false;

export async function readInboxes() {
  const told = await api.inboxes();
  begin(told.latest);
  state.inboxes = told.inboxes;
  emit("inboxes");
}

// News of others come in bursts; twice in a second is often enough.
on("elsewhere", () => {
  if (waits) return;
  waits = true;
  timer = setTimeout(() => ((waits = false), readInboxes().catch(() => null)), 500);
});
on("me", () => (clearTimeout(timer), (waits = false)));

export const otherNews = () => state.people.personas.filter((person) => person.id !== state.me && waitingFor(person.id)).length;

export const choosePersona = () => choose(t("whoToBe"), (id) => id !== state.me && become(id));

// In one window both see the same conversation, so that both can tap the same card.
export function chooseBeside() {
  const others = state.people.personas.filter((person) => person.id !== state.me);
  choose(t("whoBeside"), (id) => (location.href = besideUrl(id)), others);
}

const besideUrl = (id) => `/playground?${new URLSearchParams({ as: state.me, beside: id, ...(state.open.startsWith("group:") && { open: state.open }) })}`;

function choose(title, pick, people = state.people.personas) {
  const filter = h("input", { type: "search", class: "search", "aria-label": t("findPerson"), placeholder: t("findPerson"), oninput: () => draw(filter.value) });
  const list = h("div", { class: "personas", onkeydown: steer });
  const dialog = show(title, h("div", {}, people.length > 8 ? filter : null, list));
  const choice = (person) => card(person, () => (dialog.close(), pick(person.id)));
  const draw = (words) => list.replaceChildren(...grouped(people, words.trim().toLowerCase()).map(([team, members]) => group(team, members.map(choice))));
  filter.addEventListener("keydown", (event) => {
    if (event.key === "Enter") list.querySelector(".persona")?.click();
    if (event.key === "ArrowDown") list.querySelector(".persona")?.focus();
  });
  draw("");
  (list.querySelector("[aria-current]") ?? list.querySelector(".persona"))?.focus();
}

function grouped(people, words) {
  const teams = new Map();
  for (const person of people) {
    if (!`${person.name} ${person.team ?? ""} ${t(`role_${person.role}`)}`.toLowerCase().includes(words)) continue;
    const team = person.team ?? "";
    teams.set(team, [...(teams.get(team) ?? []), person]);
  }
  return [...teams];
}

const group = (team, entries) => h("section", {}, team ? h("h3", {}, team) : null, h("ul", {}, entries));

function card(person, pick) {
  const count = person.id === state.me ? 0 : waitingFor(person.id);
  const mark = count ? h("span", { class: "badge", "aria-label": t("unread", { count }) }, count > 99 ? "99+" : String(count)) : null;
  const words = h("span", { class: "persona-words" }, h("b", {}, person.name), h("small", {}, t(`role_${person.role}`)));
  const current = person.id === state.me ? "true" : null;
  return h("li", {}, h("button", { type: "button", class: "persona", "aria-current": current, onclick: pick }, avatar(person.id), words, mark, current ? icon("check") : null));
}

function steer(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const all = [...event.currentTarget.querySelectorAll(".persona")];
  event.preventDefault();
  all[Math.max(0, Math.min(all.length - 1, all.indexOf(document.activeElement) + step))].focus();
}
