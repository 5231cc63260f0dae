// The message box: hints for newcomers, history for the rest, and a reply's quote above it.
import { drop, say } from "./act.js";
import { h, icon, iconButton } from "./dom.js";
import { t } from "./i18n.js";
import { emit, home, nameOf, on, state } from "./store.js";
import { matching, suggestionList } from "./suggest.js";

const history = [];
let recall = -1;
let found = [];
let at = -1;

const box = h("textarea", { id: "composer", rows: "1", disabled: true, role: "combobox", "aria-autocomplete": "list", "aria-controls": "hints", "aria-expanded": "false", enterkeyhint: "send", onkeydown: keyed, oninput: typed, onblur: close });
const hints = h("ul", { id: "hints", class: "hints", role: "listbox", hidden: true });
const quote = h("div", { class: "replying", hidden: true });
const send = iconButton("send", "", submit, { class: "send" });
const file = h("input", { type: "file", accept: ".csv,.tsv,.txt,.xlsx,.xls", hidden: true, onchange: () => file.files[0] && (drop(file.files[0]), (file.value = "")) });
const clip = iconButton("clip", "", () => file.click());

export function composerView() {
  for (const topic of ["lang", "open", "me", "loaded"]) on(topic, label);
  on("me", () => (box.disabled = true));
  on("loaded", () => (box.disabled = false));
  on("reply", drawQuote);
  on("open", drawQuote);
  document.addEventListener("keydown", grab);
  const open = iconButton("plus", "", toggle, { class: "icon-button hint-button", tabindex: "-1" });
  on("lang", () => named(open, t("hints")));
  named(open, t("hints"));
  return h("form", { class: "composer", onsubmit: (event) => event.preventDefault() }, hints, quote, h("div", { class: "box" }, open, box, clip, file, send));
}

function named(button, words) {
  button.title = words;
  button.setAttribute("aria-label", words);
}

function label() {
  const where = state.open === home() ? "Sluice" : `#${state.people.groups.find((group) => `group:${group.key}` === state.open)?.name ?? state.open.replace(/^group:/, "")}`;
  box.placeholder = t("typeTo", { name: where });
  box.setAttribute("aria-label", box.placeholder);
  hints.setAttribute("aria-label", t("hints"));
  named(send, t("send"));
  named(clip, t("attach"));
}

function submit() {
  const text = box.value.trim();
  close();
  if (!text) return toggle();
  if (history[0] !== text) history.unshift(text);
  recall = -1;
  fill("");
  say(text);
}

function fill(text) {
  box.value = text;
  grow();
}

function grow() {
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 180)}px`;
}

function typed() {
  grow();
  recall = -1;
  if (box.value) suggest();
  else close();
}

function suggest() {
  found = matching(box.value);
  at = -1;
  drawHints();
}

function drawHints() {
  hints.replaceChildren(...suggestionList(found, at, choose));
  hints.hidden = !found.length;
  box.setAttribute("aria-expanded", String(Boolean(found.length)));
  if (at >= 0) box.setAttribute("aria-activedescendant", `hint-${at}`);
  else box.removeAttribute("aria-activedescendant");
}

function close() {
  found = [];
  at = -1;
  drawHints();
}

function toggle() {
  box.focus();
  if (found.length) close();
  else suggest();
}

// A word that needs more stays in the box to be completed; a whole one is sent.
function choose(one) {
  close();
  box.focus();
  const open = one.text.match(/\s(\S*…\S*)$/);
  if (!open && !one.more) return fill(one.text), submit();
  fill(open ? one.text.replace(/…/g, "") : `${one.text} `);
}

const KEYS = {
  Enter: (event) => !event.shiftKey && !event.isComposing && (at >= 0 ? choose(found[at]) : submit(), true),
  Tab: () => found.length > 0 && (choose({ ...found[Math.max(at, 0)], more: true }), true),
  Escape: () => (found.length ? (close(), true) : state.replyTo && (unquote(), true)),
  ArrowDown: () => (found.length ? move(1) : recall >= 0 && past(-1)),
  ArrowUp: () => (found.length ? move(-1) : (!box.value || recall >= 0) && past(1)),
};

function keyed(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (KEYS[event.key]?.(event)) event.preventDefault();
}

function move(step) {
  at = (at + step + found.length + (at < 0 && step < 0 ? 1 : 0)) % found.length;
  drawHints();
  return true;
}

function past(step) {
  if (!history.length) return suggest(), true;
  recall = Math.max(-1, Math.min(history.length - 1, recall + step));
  fill(history[recall] ?? "");
  return true;
}

function drawQuote() {
  const about = state.messages.get(state.replyTo);
  quote.hidden = !about;
  if (!about) return;
  quote.replaceChildren(icon("reply"), h("span", {}, h("b", {}, nameOf(about.author)), " ", about.card?.title ?? about.text), iconButton("close", t("cancel"), unquote));
  box.focus();
}

function unquote() {
  state.replyTo = null;
  emit("reply");
}

function grab(event) {
  if (event.key !== "/" || event.target.closest("input, textarea, select, dialog")) return;
  event.preventDefault();
  toggle();
}
