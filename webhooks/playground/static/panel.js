// The right column: the person's worklist, and what the other platforms get for the chosen card.
import * as api from "./api.js";
import { cardView } from "./card.js";
import { h, iconButton } from "./dom.js";
import { t } from "./i18n.js";
import { jsonView } from "./json.js";
import { lastCard, on, state } from "./store.js";
import { toast } from "./toast.js";

const TABS = ["today", "slack", "wecom"];
const body = h("div", { class: "panel-body", role: "tabpanel", tabindex: "0" });
const tabs = h("div", { class: "tabs", role: "tablist", onkeydown: steer });
const panel = h("aside", { class: "panel" }, tabs, body);
let tab = "today";
let timer = 0;

export function panelView() {
  on("selected", () => open(tab === "today" ? "slack" : tab));
  for (const topic of ["lang", "me", "loaded", "open"]) on(topic, draw);
  on("messages", soon);
  on("clock", soon);
  on("panel", draw);
  return panel;
}

export const isOpen = () => document.body.classList.contains("panel-open");

function open(wanted) {
  tab = wanted;
  document.body.classList.add("panel-open");
  draw();
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(fill, 500);
}

function draw() {
  panel.setAttribute("aria-label", t("panel"));
  const close = iconButton("close", t("close"), () => document.body.classList.remove("panel-open"), { class: "icon-button panel-close" });
  tabs.replaceChildren(...TABS.map(tabView), close);
  fill();
}

function tabView(name) {
  const current = name === tab;
  return h("button", { type: "button", role: "tab", "data-tab": name, "aria-selected": String(current), tabindex: current ? "0" : "-1", onclick: () => open(name) }, t(`tab_${name}`));
}

function steer(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  open(TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length]);
  tabs.querySelector(`[data-tab=${tab}]`).focus();
}

async function fill() {
  if (!isOpen() || !state.me) return;
  const [wanted, who] = [tab, state.me];
  const nodes = await (wanted === "today" ? worklist() : rendered(wanted)).catch((error) => [note(error.message)]);
  if (wanted === tab && who === state.me) body.replaceChildren(...nodes);
}

async function worklist() {
  const told = await api.worklist(state.me);
  return told.card ? [cardView(told.card, {})] : [note(t("nothingDue"))];
}

async function rendered(platform) {
  const message = state.messages.get(state.selected) ?? lastCard();
  if (!message?.card) return [note(t("noCard"))];
  const told = await api.rendered(state.me, message.id);
  if (!told[platform]) return [note(t("notHere"))];
  const text = JSON.stringify(told[platform], null, 2);
  const copy = () => navigator.clipboard.writeText(text).then(() => toast(t("copied")));
  const size = new TextEncoder().encode(JSON.stringify(told[platform])).length;
  const head = h("div", { class: "json-head" }, h("div", {}, h("b", {}, message.card.title), h("small", {}, t("bytes", { size }))), iconButton("copy", t("copy"), copy));
  return [head, jsonView(told[platform])];
}

const note = (text) => h("p", { class: "panel-note" }, text);
