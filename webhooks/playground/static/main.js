// The playground's page: put together once, then everything follows what `store.js` announces.
import * as api from "./api.js";
import { besideView } from "./beside.js";
import { readClock } from "./clock.js";
import { composerView } from "./composer.js";
import { h } from "./dom.js";
import { headView } from "./head.js";
import { lang, load as loadTexts, t } from "./i18n.js";
import { offlineView } from "./offline.js";
import { panelView } from "./panel.js";
import { readInboxes } from "./people.js";
import { sideView } from "./side.js";
import { become, emit, isKnown, on, receive, state } from "./store.js";
import { connect } from "./stream.js";
import { loadWords } from "./suggest.js";
import { talkView } from "./talk.js";
import { restore } from "./theme.js";
import { regions } from "./toast.js";
import { topView } from "./top.js";

const wanted = Object.fromEntries(new URLSearchParams(location.search));

async function start() {
  restore();
  await loadTexts();
  if (wanted.beside) return besideView(wanted);
  frame();
  try {
    state.people = await api.people();
    become(wanted.as ?? localStorage.getItem("me") ?? newcomer()?.id ?? "guest", wanted.open);
  } catch (error) {
    sorry(error);
  }
}

// A first visit begins as somebody who reads the page's language.
const newcomer = () => state.people.personas.find((person) => person.locale === lang()) ?? state.people.personas[0];

function frame() {
  const panel = localStorage.getItem("panel") ?? "open";
  document.body.classList.toggle("panel-open", panel === "open" && innerWidth > 1180 && !wanted.pane);
  document.body.classList.toggle("pane", Boolean(wanted.pane));
  const shade = h("div", { class: "shade", onclick: fold });
  const middle = h("main", { class: "middle" }, headView(), offlineView(), talkView(), composerView());
  document.body.replaceChildren(wanted.pane ? "" : topView(), sideView(), middle, panelView(), shade, ...regions());
  document.addEventListener("keydown", (event) => event.key === "Escape" && document.body.classList.remove("side-open"));
  on("me", () => persist(enter));
  on("messages", (messages) => persist(() => newcomers(messages)));
  on("lang", loadWords);
}

const fold = () => document.body.classList.remove("side-open", "panel-open");

// The server may be away for a moment: say so, and try again.
function persist(work) {
  work().catch((error) => {
    emit("trouble", error.message);
    setTimeout(() => persist(work), 1000);
  });
}

async function enter() {
  const who = state.me;
  if (!wanted.as) localStorage.setItem("me", who);
  else history.replaceState(null, "", `?${new URLSearchParams({ ...wanted, as: who })}`);
  const [told] = await Promise.all([api.messages(who), readInboxes(), readClock(), loadWords()]);
  if (who !== state.me) return;
  receive(told.messages);
  state.cursor = Math.max(state.cursor, told.cursor);
  state.ready = true;
  emit("loaded");
  connect();
  if (innerWidth > 760 && !wanted.pane) document.querySelector("#composer").focus();
}

// A group that somebody else began shows up by its first message.
async function newcomers(messages) {
  const unknown = messages.some((message) => message.conversation.startsWith("group:") && !isKnown(message.conversation.slice(6)));
  if (!unknown) return;
  state.people = await api.people();
  emit("people");
}

function sorry(error) {
  document.querySelector(".talk").replaceChildren(h("div", { class: "welcome" }, h("img", { src: "/playground/static/logo.svg", alt: "" }), h("h2", {}, t("notReady")), h("p", {}, error.message), h("button", { type: "button", class: "button primary", onclick: () => location.reload() }, t("again"))));
}

start();
