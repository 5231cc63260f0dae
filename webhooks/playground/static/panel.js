// The right column: the person's worklist, the open thread, and what the other platforms get for the chosen card.
import * as api from "./api.js";
import { cardView } from "./card.js";
import { h, iconButton, named } from "./dom.js";
import { t } from "./i18n.js";
import { on, state } from "./store.js";
import { threadView } from "./threadview.js";
import { closeThread } from "./threads.js";
import { twinView } from "./twin.js";

const VIEWS = { today: worklist, thread: async () => [threadView()], slack: () => twinView("slack"), wecom: () => twinView("wecom"), text: () => twinView("text") };
const body = h("div", { class: "panel-body", id: "panel-body", role: "tabpanel", tabindex: "0" });
const tabs = h("div", { class: "tabs", role: "tablist", onkeydown: steer });
const close = iconButton("close", "", shut, { class: "icon-button panel-close" });
const panel = h("aside", { class: "panel", onkeydown: (event) => event.key === "Escape" && shut() }, h("div", { class: "panel-head" }, tabs, close), body);
let tab = "today";
let timer = 0;
let wasOpen = true;

export function panelView() {
  on("selected", () => open(["slack", "wecom", "text"].includes(tab) ? tab : "slack"));
  on("thread", threaded);
  for (const topic of ["lang", "me", "loaded", "open"]) on(topic, draw);
  on("messages", soon);
  on("clock", soon);
  on("panel", draw);
  return panel;
}

export const isOpen = () => document.body.classList.contains("panel-open");

const shown = () => Object.keys(VIEWS).filter((name) => name !== "thread" || state.thread);

function open(wanted) {
  tab = wanted;
  document.body.classList.add("panel-open");
  draw();
}

// A thread borrows the column: where it was folded away, it is so again afterwards.
function threaded() {
  if (state.thread) {
    if (tab !== "thread") wasOpen = isOpen();
    return open("thread");
  }
  if (tab !== "thread") return draw();
  tab = "today";
  document.body.classList.toggle("panel-open", wasOpen);
  draw();
  document.querySelector("#composer").focus();
}

function shut() {
  if (tab === "thread") return closeThread();
  if (getComputedStyle(close).display !== "none") document.body.classList.remove("panel-open");
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(fill, tab === "thread" ? 0 : 500);
}

function draw() {
  if (!shown().includes(tab)) tab = "today";
  panel.setAttribute("aria-label", t("panel"));
  named(close, t("close"));
  tabs.replaceChildren(...shown().map(tabView));
  body.setAttribute("aria-label", t(`tab_${tab}`));
  body.dataset.tab = tab;
  fill();
}

function tabView(name) {
  const current = name === tab;
  return h("button", { type: "button", role: "tab", "data-tab": name, "aria-controls": "panel-body", "aria-selected": String(current), tabindex: current ? "0" : "-1", onclick: () => open(name) }, t(`tab_${name}`));
}

function steer(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  open(shown().at((shown().indexOf(tab) + step) % shown().length));
  tabs.querySelector(`[data-tab=${tab}]`).focus();
}

async function fill() {
  if (!isOpen() || !state.me) return;
  const [wanted, who] = [tab, state.me];
  const nodes = await VIEWS[wanted]().catch((error) => [note(error.message)]);
  if (wanted !== tab || who !== state.me || (nodes.length === 1 && nodes[0] === body.firstElementChild)) return;
  body.replaceChildren(...nodes);
}

async function worklist() {
  const told = await api.worklist(state.me);
  return told.card ? [cardView(told.card, {})] : [note(t("nothingDue"))];
}

const note = (text) => h("p", { class: "panel-note" }, text);
