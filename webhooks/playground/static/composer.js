// The message box: hints for newcomers, history for the rest, a draft per conversation, and files that wait for Enter.
import { say, sendFiles } from "./act.js";
import { attached, detachAll, filesView, fileInput } from "./attach.js";
import { draftOf, keepDraft } from "./drafts.js";
import { h, iconButton, named } from "./dom.js";
import { t } from "./i18n.js";
import { home, on, state } from "./store.js";
import { matching, suggestionList } from "./suggest.js";

let recall = -1;
let found = [];
let at = -1;

const box = h("textarea", { id: "composer", rows: "1", disabled: true, role: "combobox", "aria-autocomplete": "list", "aria-controls": "hints", "aria-expanded": "false", enterkeyhint: "send", onkeydown: keyed, oninput: typed, onblur: close });
const hints = h("ul", { id: "hints", class: "hints", role: "listbox", hidden: true });
const send = iconButton("send", "", submit, { class: "send" });
const file = fileInput();
const clip = iconButton("clip", "", () => file.click());
const plus = iconButton("plus", "", toggle, { class: "icon-button hint-button", tabindex: "-1" });

export function composerView() {
  for (const topic of ["lang", "open", "me", "loaded"]) on(topic, label);
  for (const topic of ["open", "me"]) on(topic, () => fill(draftOf(state.open)));
  on("me", () => (box.disabled = true));
  on("loaded", () => (box.disabled = false));
  document.addEventListener("keydown", grab);
  return h("form", { class: "composer", onsubmit: (event) => event.preventDefault() }, hints, filesView(), h("div", { class: "box" }, plus, box, clip, file, send));
}

function label() {
  const where = state.open === home() ? "Sluice" : `#${state.people.groups.find((group) => `group:${group.key}` === state.open)?.name ?? state.open.replace(/^group:/, "")}`;
  box.placeholder = t(innerWidth < 760 ? "typeShort" : "typeTo", { name: where });
  box.setAttribute("aria-label", box.placeholder);
  hints.setAttribute("aria-label", t("hints"));
  named(send, t("send"));
  named(clip, t("attach"));
  named(plus, t("hints"));
}

function submit() {
  const text = box.value.trim();
  close();
  if (!text && !attached().length) return toggle();
  recall = -1;
  fill("");
  keepDraft(state.open, "");
  if (attached().length) return sendFiles(detachAll(), text);
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
  keepDraft(state.open, box.value);
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
  fill(open ? one.text.replace(/…/g, "") : one.more ? `${one.text} ` : one.text);
  if (open || one.more) return keepDraft(state.open, box.value);
  submit();
}

const KEYS = {
  Enter: (event) => !event.shiftKey && !event.isComposing && (at >= 0 ? choose(found[at]) : submit(), true),
  Tab: (event) => !event.shiftKey && found.length > 0 && (choose({ ...found[Math.max(at, 0)], more: true }), true),
  Escape: () => (found.length ? (close(), true) : attached().length > 0 && (detachAll(), true)),
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
  hints.children[at].scrollIntoView({ block: "nearest" });
  return true;
}

// What the person has said, newest first, also before the page was loaded.
function said() {
  const lines = [...state.messages.values()].filter((message) => message.author === state.me && message.text && !message.file);
  const waiting = state.pending.map((draft) => draft.text).reverse();
  return [...new Set([...waiting, ...lines.sort((a, b) => b.id - a.id).map((message) => message.text)])];
}

function past(step) {
  const lines = said();
  if (!lines.length) return suggest(), true;
  recall = Math.max(-1, Math.min(lines.length - 1, recall + step));
  fill(lines[recall] ?? "");
  return true;
}

function grab(event) {
  if (event.key !== "/" || event.target.closest("input, textarea, select, dialog")) return;
  event.preventDefault();
  toggle();
}
