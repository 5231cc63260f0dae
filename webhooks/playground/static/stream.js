// Pushes: server-sent events that bring what is new, and come back by themselves when the line drops.
import * as api from "./api.js";
import { emit, receive, state } from "./store.js";

let source = null;
let retry = 0;

export function connect() {
  close();
  source = new EventSource(api.streamUrl(state.me, state.cursor));
  source.addEventListener("open", opened);
  source.addEventListener("messages", (event) => receive(JSON.parse(event.data)));
  source.addEventListener("clock", (event) => moved(JSON.parse(event.data).shift));
  source.addEventListener("error", lost);
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

function online(value) {
  if (state.online === value) return;
  state.online = value;
  emit("online");
}

export function moved(shift) {
  state.shift = shift;
  emit("clock");
}
