// Pushes: server-sent events that bring what is new, and come back by themselves when the line drops.
import * as api from "./api.js";
import { emit, receive, state } from "./store.js";

// The server says at least every 15 seconds that it is there; a line that is silent for longer is dead.
const SILENCE = 40_000;
let source = null;
let retry = 0;
let heardAt = 0;

export function connect() {
  close();
  heardAt = Date.now();
  source = new EventSource(api.streamUrl(state.me, state.cursor));
  source.addEventListener("open", opened);
  source.addEventListener("error", lost);
  listen("messages", receive);
  listen("clock", (told) => moved(told.shift));
  listen("elsewhere", () => emit("elsewhere"));
  listen("here", () => null);
}

function listen(name, hear) {
  source.addEventListener(name, (event) => {
    heardAt = Date.now();
    hear(JSON.parse(event.data));
  });
}

function close() {
  clearTimeout(retry);
  source?.close();
}

// The clock may have been moved after the page was drawn, or while the line was down.
async function opened() {
  online(true);
  const told = await api.clock().catch(() => null);
  if (told && told.shift !== state.shift) moved(told.shift);
}

function lost() {
  online(false);
  // The browser tries again by itself after a broken line, but gives up after an error status.
  if (source.readyState === EventSource.CLOSED) retry = setTimeout(connect, 2000);
}

// A machine that slept, or changed its network, may keep a line that nobody serves.
function check() {
  if (source && Date.now() - heardAt > SILENCE) connect();
}

setInterval(check, 10_000);
addEventListener("online", () => source && connect());
document.addEventListener("visibilitychange", check);

function online(value) {
  if (state.online === value) return;
  state.online = value;
  emit("online");
}

export function moved(shift) {
  state.shift = shift;
  emit("clock");
  if (parent !== window) parent.postMessage({ shift }, location.origin);
}
