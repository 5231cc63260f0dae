// The open conversation: its messages, kept in place while they change, and the view kept at the newest.
import { say } from "./act.js";
import { attach } from "./attach.js";
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { messageView, pendingView, typingView } from "./message.js";
import { home, inConversation, markSeen, nameOf, on, state, unread } from "./store.js";
import { upTo } from "./seen.js";
import { rootOf } from "./threads.js";
import { speak } from "./toast.js";
import { day, refreshTimes } from "./when.js";

const GAP = 5 * 60_000;
const list = h("ol", { class: "messages", tabindex: "0", onkeydown: walk });
const jump = h("button", { type: "button", class: "jump", hidden: true, onclick: () => toEnd(true) }, icon("down"), h("span", {}, ""));
const scroller = h("div", { class: "scroller", onscroll: scrolled }, list);
// Whether the newest stood in sight when the person last scrolled; then it stays so, also when a picture comes in late.
let stuck = true;
// Up to where this conversation had been read when it was opened.
let readUpTo = Infinity;

export function talkView() {
  on("messages", changed);
  on("pending", said);
  on("open", opened);
  for (const topic of ["me", "lang"]) on(topic, () => redraw());
  on("clock", () => redraw());
  on("loaded", opened);
  on("reveal", reveal);
  document.addEventListener("visibilitychange", () => atEnd() && seenAll());
  setInterval(() => refreshTimes(list), 30_000);
  const grown = new ResizeObserver(() => stuck && scroller.scrollTo({ top: scroller.scrollHeight, behavior: "instant" }));
  for (const part of [list, scroller]) grown.observe(part);
  return h("div", { class: "talk", ondragover: hover, ondragleave: (event) => event.currentTarget.classList.remove("dropping"), ondrop: dropped }, scroller, jump);
}

function hover(event) {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  event.currentTarget.classList.add("dropping");
}

function dropped(event) {
  event.preventDefault();
  event.currentTarget.classList.remove("dropping");
  attach(event.dataTransfer.files);
}

const atEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;

function scrolled() {
  stuck = atEnd();
  if (stuck) seenAll();
}

// A card that is longer than the view is read from its beginning.
function toEnd(smooth = false) {
  const last = list.lastElementChild;
  const long = last?.offsetHeight > scroller.clientHeight && last.matches(".message");
  const top = long ? last.offsetTop - list.offsetTop : scroller.scrollHeight;
  scroller.scrollTo({ top, behavior: smooth ? "smooth" : "instant" });
  seenAll();
}

function seenAll() {
  jump.hidden = true;
  if (document.visibilityState === "visible" && state.ready) markSeen();
}

function opened() {
  readUpTo = unread(state.open) ? upTo(state.me, state.open) : Infinity;
  redraw();
}

function redraw() {
  list.setAttribute("aria-label", t("messages"));
  list.replaceChildren();
  draw();
  toEnd();
}

function changed(messages) {
  const here = messages.filter((message) => message.conversation === state.open);
  const stay = !stuck && !here.some((message) => message.author === state.me && !message.edited);
  for (const id of here.flatMap((message) => [message.id, rootOf(message)])) list.querySelector(`[data-id="${id}"]`)?.setAttribute("data-stale", "");
  draw();
  const others = here.filter((message) => message.author !== state.me);
  if (state.ready) for (const message of others) speak(`${nameOf(message.author)}: ${message.plain}`);
  const fresh = others.filter((message) => !message.edited);
  if (stay && fresh.length) announce();
  else if (fresh.length || here.some((message) => message.author === state.me)) toEnd();
}

// Whoever says something wants to see the answer, also after a card that is longer than the view.
function said() {
  draw();
  if (!state.pending.some((draft) => draft.place === state.open && !draft.error)) return;
  toEnd();
  stuck = true;
}

function announce() {
  jump.lastElementChild.textContent = t("newBelow");
  jump.hidden = false;
}

// Elements of unchanged messages stay, so focus and open fields survive a push.
function draw() {
  const messages = inConversation(state.open);
  const drafts = state.pending.filter((draft) => draft.place === state.open);
  const waiting = drafts.some((draft) => !draft.error);
  const focus = focused();
  const nodes = messages.flatMap((message, at) => standing(message, messages[at - 1]));
  if (!drafts.length && isNew(messages)) nodes.push(welcome(messages.length ? "below" : ""));
  const keep = !atEnd() || !drafts.length;
  list.replaceChildren(...nodes, ...drafts.map(pendingView), ...(waiting ? [typingView()] : []));
  refocus(focus);
  if (!keep) toEnd();
}

function standing(message, before) {
  const old = list.querySelector(`[data-id="${message.id}"]:not([data-stale])`);
  const newDay = !before || day(before.at) !== day(message.at);
  const view = old ?? messageView(message, { follows: !newDay && follows(message, before), before });
  const isFresh = message.id > readUpTo && !(before?.id > readUpTo);
  return [newDay && line("day", day(message.at)), isFresh && line("day fresh", t("fresh")), view].filter(Boolean);
}

const line = (kind, words) => h("li", { class: kind, role: "separator" }, h("span", {}, words));

const follows = (message, before) =>
  before?.author === message.author && !message.reply_to && !message.card && new Date(message.at) - new Date(before.at) < GAP;

function focused() {
  const view = document.activeElement?.closest(".message[data-id]");
  return view && list.contains(view) ? { id: view.dataset.id, at: tappable(view).indexOf(document.activeElement) } : null;
}

function refocus(focus) {
  const view = focus && list.querySelector(`[data-id="${focus.id}"]`);
  if (!view || view.contains(document.activeElement)) return;
  const buttons = tappable(view);
  (buttons[focus.at] ?? buttons.at(-1))?.focus({ preventScroll: true });
}

const tappable = (view) => [view, ...view.querySelectorAll("button, a")];

// Arrow keys walk from message to message; Tab goes on to what is in it.
function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.altKey || event.target.closest("[role=menu], input, textarea")) return;
  const all = [...list.querySelectorAll(".message[data-id]")];
  const at = all.indexOf(event.target.closest(".message"));
  event.preventDefault();
  all[at < 0 ? all.length - 1 : Math.max(0, Math.min(all.length - 1, at + step))]?.focus();
}

function reveal(id) {
  const view = list.querySelector(`[data-id="${id}"]`);
  view?.scrollIntoView({ block: "center", behavior: "smooth" });
  view?.classList.add("revealed");
  setTimeout(() => view?.classList.remove("revealed"), 1600);
}

// Until the person has said something here, the page offers what to say.
const isNew = (messages) => state.ready && (state.open === home() ? !messages.some((message) => message.author === state.me) : !messages.length);

function welcome(where) {
  const things = state.open === home() ? t("firstThings") : t("groupThings");
  const chips = things.map(([words, why]) => h("button", { type: "button", class: "chip", onclick: () => say(words) }, h("b", {}, words), h("span", {}, why)));
  const title = state.open === home() ? t(where ? "welcomeBelow" : "welcomeTitle", { name: nameOf(state.me) }) : t("emptyGroup");
  return h("li", { class: `welcome ${where}` }, h("img", { src: "/playground/static/logo.svg", alt: "" }), h("h2", {}, title), h("p", {}, t("welcomeText")), h("div", { class: "chips" }, chips));
}
