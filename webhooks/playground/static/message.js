// One message: who, when, what, and the small tools beside it.
import { again } from "./act.js";
import { cardView } from "./card.js";
import { h, icon, iconButton } from "./dom.js";
import { fileView } from "./file.js";
import { t } from "./i18n.js";
import { emit, gist, nameOf, settle, state } from "./store.js";
import { openThread, repliesTo, rootOf } from "./threads.js";
import { ago, exact, timeOfDay } from "./when.js";

const HUES = 9;

export function avatar(id) {
  if (id === "sluice") return h("img", { class: "avatar", src: "/playground/static/logo.svg", alt: "" });
  const hue = [...id].reduce((sum, char) => (sum * 31 + char.codePointAt(0)) % 997, 7) % HUES;
  return h("span", { class: `avatar hue-${hue}`, "aria-hidden": "true" }, initials(nameOf(id)));
}

function initials(name) {
  const words = name.trim().split(/\s+/);
  const chinese = name.match(/[\u3400-\u9fff]/g);
  if (chinese) return chinese.slice(-2).join("");
  return (words[0][0] + (words.length > 1 ? words.at(-1)[0] : "")).toUpperCase();
}

export function messageView(message, { follows = false, before = null, inThread = false }) {
  const mine = message.author === state.me;
  return h("li", { class: `message ${mine ? "mine" : ""} ${follows ? "follows" : ""}`, "data-id": String(message.id), tabindex: inThread ? null : "-1" }, [
    follows ? h("span", { class: "gutter", title: exact(message.at) }, timeOfDay(message.at)) : avatar(message.author),
    h("div", { class: "message-body" }, [
      follows ? null : heading(message),
      inThread ? null : quoteOf(message, before),
      message.text ? h("p", { class: "said", dir: "auto" }, message.text.replace(/\n{3,}/g, "\n\n")) : null,
      message.file ? fileView(message) : null,
      message.card ? cardView(message.card, { message }) : null,
      marks(message),
      inThread ? null : repliesOf(message),
    ]),
    inThread ? null : tools(message),
  ]);
}

function heading(message) {
  return h("div", { class: "heading" }, [
    h("span", { class: "author" }, nameOf(message.author)),
    message.author === "sluice" ? h("span", { class: "app-tag" }, t("app")) : null,
    h("time", { datetime: message.at, title: exact(message.at) }, ago(message.at)),
  ]);
}

function marks(message) {
  const alone = message.private ? h("span", { class: "mark" }, icon("lock"), t("onlyYou")) : null;
  const edited = message.edited ? h("span", { class: "mark" }, t("edited")) : null;
  return alone || edited ? h("p", { class: "marks" }, alone, edited) : null;
}

function quoteOf(message, before) {
  const about = state.messages.get(message.reply_to);
  // What stands right above, or was said by the reader, needs no quote.
  if (!about || about === before || (about.author === state.me && message.author === "sluice")) return null;
  const thread = rootOf(message);
  const act = () => (thread ? openThread(thread) : emit("reveal", about.id));
  return h("button", { type: "button", class: "quote", title: t(thread ? "openThread" : "showAbout"), onclick: act }, h("b", {}, nameOf(about.author)), " ", gist(about));
}

function repliesOf(message) {
  const count = repliesTo(message.id).length;
  if (!count) return null;
  return h("button", { type: "button", class: "replies", onclick: () => openThread(message.id) }, icon("thread"), t(count === 1 ? "oneReply" : "replies", { count }));
}

function tools(message) {
  const json = message.card ? iconButton("code", t("showJson"), () => select(message)) : null;
  return h("div", { class: "tools" }, iconButton("reply", t("reply"), () => openThread(rootOf(message) ?? message.id)), json);
}

function select(message) {
  state.selected = message.id;
  emit("selected");
}

export function pendingView(draft) {
  const state_ = draft.error ? [h("span", { class: "failed" }, draft.error), retry(draft), drop(draft)] : h("span", {}, t("sending"));
  return h("li", { class: "message mine pending", "aria-busy": String(!draft.error) }, [
    avatar(state.me),
    h("div", { class: "message-body" }, h("div", { class: "heading" }, h("span", { class: "author" }, nameOf(state.me))), h("p", { class: "said", dir: "auto" }, [draft.file && `📎 ${draft.file.name}`, draft.text].filter(Boolean).join("\n")), h("p", { class: "marks" }, state_)),
  ]);
}

const retry = (draft) => h("button", { type: "button", class: "link", onclick: () => again(draft) }, t("again"));
const drop = (draft) => h("button", { type: "button", class: "link", onclick: () => settle(draft.key) }, t("discard"));

export function typingView() {
  return h("li", { class: "message typing", "aria-label": t("writing") }, avatar("sluice"), h("div", { class: "dots" }, h("i"), h("i"), h("i")));
}
