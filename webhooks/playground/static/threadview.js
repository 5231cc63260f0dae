// One thread: the message, what was said about it, and a box to say more.
import { say } from "./act.js";
import { draftOf, keepDraft } from "./drafts.js";
import { h, iconButton, named } from "./dom.js";
import { t } from "./i18n.js";
import { messageView, pendingView, typingView } from "./message.js";
import { on, state } from "./store.js";
import { repliesTo } from "./threads.js";

const list = h("ol", { class: "messages" });
const box = h("textarea", { rows: "1", enterkeyhint: "send", onkeydown: keyed, oninput: typed });
const send = iconButton("send", "", submit, { class: "send" });
const view = h("div", { class: "thread" }, list, h("form", { class: "box", onsubmit: (event) => event.preventDefault() }, box, send));
let shown = null;

on("thread", () => state.thread && setTimeout(() => box.focus()));
on("pending", () => state.thread && draw());

export function threadView() {
  draw();
  return view;
}

function draw() {
  if (shown !== state.thread) box.value = draftOf(place());
  shown = state.thread;
  const root = state.messages.get(state.thread);
  const replies = repliesTo(state.thread);
  const drafts = state.pending.filter((draft) => draft.replyTo === state.thread);
  const count = h("li", { class: "day", role: "separator" }, h("span", {}, t(replies.length === 1 ? "oneReply" : "replies", { count: replies.length })));
  const waiting = drafts.some((draft) => !draft.error) ? [typingView()] : [];
  const known = list.children.length;
  list.replaceChildren(...[root, ...replies].filter(Boolean).map((message) => messageView(message, { inThread: true })), ...drafts.map(pendingView), ...waiting);
  list.firstElementChild?.after(count);
  list.setAttribute("aria-label", t("tab_thread"));
  box.setAttribute("aria-label", t("replyHere"));
  box.placeholder = t("replyHere");
  named(send, t("send"));
  if (known !== list.children.length) requestAnimationFrame(() => list.lastElementChild?.scrollIntoView({ block: "nearest" }));
}

const place = () => `thread:${state.thread}`;

function submit() {
  const text = box.value.trim();
  if (!text) return box.focus();
  box.value = "";
  typed();
  say(text, { place: state.messages.get(state.thread).conversation, replyTo: state.thread });
}

function typed() {
  keepDraft(place(), box.value);
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 140)}px`;
}

function keyed(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
}
