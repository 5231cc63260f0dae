// What the page knows, and who wants to hear when it changes. Views read `state` and never change it.
import * as seen from "./seen.js";

const bus = new EventTarget();

export const state = {
  me: null,
  people: { name: "", personas: [], groups: [] },
  messages: new Map(),
  pending: [],
  cursor: 0,
  open: "",
  inboxes: {},
  shift: 0,
  selected: null,
  thread: null,
  online: true,
  ready: false,
};

export const on = (topic, hear) => bus.addEventListener(topic, (event) => hear(event.detail));
export const emit = (topic, detail) => bus.dispatchEvent(new CustomEvent(topic, { detail }));

export const home = () => `dm:${state.me}`;
export const persona = (id) => state.people.personas.find((person) => person.id === id);
export const nameOf = (id) => (id === "sluice" ? "Sluice" : (persona(id)?.name ?? id));
export const isKnown = (key) => state.people.groups.some((group) => group.key === key);

export function become(id, place = null) {
  Object.assign(state, { me: id, messages: new Map(), pending: [], cursor: 0, selected: null, thread: null, ready: false });
  state.open = place ?? home();
  emit("me");
}

export function receive(messages) {
  const fresh = messages.filter((message) => (state.messages.get(message.id)?.rev ?? 0) < message.rev);
  for (const message of fresh) {
    state.messages.set(message.id, message);
    state.cursor = Math.max(state.cursor, message.rev);
    if (message.key) settle(message.key);
  }
  if (fresh.length) emit("messages", fresh);
}

export function openConversation(place) {
  if (state.open === place) return;
  state.open = place;
  emit("open");
}

export const inConversation = (place) =>
  [...state.messages.values()].filter((message) => message.conversation === place).sort((a, b) => a.id - b.id);

// A message in a few words.
export const gist = (message) => message.card?.title ?? (message.text || (message.file ? `📎 ${message.file.name}` : ""));

export const lastCard = () => inConversation(state.open).findLast((message) => message.card);

export function unread(place) {
  const last = seen.upTo(state.me, place);
  return inConversation(place).filter((message) => message.id > last && message.author !== state.me).length;
}

// Of somebody else's private chat, the page knows the numbers only.
export const waitingFor = (id) => (state.inboxes[id] ?? []).filter((message) => message > seen.upTo(id, `dm:${id}`)).length;

export function markSeen(place = state.open) {
  if (seen.mark(state.me, place, inConversation(place).at(-1)?.id ?? 0)) emit("seen");
}

export function promise(draft) {
  state.pending.push(draft);
  emit("pending");
}

export function settle(key) {
  const before = state.pending.length;
  state.pending = state.pending.filter((draft) => draft.key !== key);
  if (state.pending.length !== before) emit("pending");
}

export function fail(key, error) {
  const draft = state.pending.find((one) => one.key === key);
  if (draft) Object.assign(draft, { error });
  emit(draft ? "pending" : "trouble", error);
}
