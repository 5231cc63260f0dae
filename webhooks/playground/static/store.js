// What the page knows, and who wants to hear when it changes. Views read `state` and never change it.

const bus = new EventTarget();

export const state = {
  me: null,
  people: { name: "", personas: [], groups: [] },
  messages: new Map(),
  pending: [],
  cursor: 0,
  open: "",
  seen: {},
  shift: 0,
  selected: null,
  replyTo: null,
  online: true,
};

export const on = (topic, hear) => bus.addEventListener(topic, (event) => hear(event.detail));
export const emit = (topic, detail) => bus.dispatchEvent(new CustomEvent(topic, { detail }));

export const home = () => `dm:${state.me}`;
export const persona = (id) => state.people.personas.find((person) => person.id === id);
export const nameOf = (id) => (id === "sluice" ? "Sluice" : (persona(id)?.name ?? id));
export const isKnown = (key) => state.people.groups.some((group) => group.key === key);

export function become(id) {
  Object.assign(state, { me: id, messages: new Map(), pending: [], cursor: 0, selected: null, replyTo: null });
  state.open = home();
  state.seen = JSON.parse(localStorage.getItem(`seen:${id}`) ?? "null");
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
  state.replyTo = null;
  emit("open");
}

export const inConversation = (place) =>
  [...state.messages.values()].filter((message) => message.conversation === place).sort((a, b) => a.id - b.id);

export const lastCard = () => inConversation(state.open).findLast((message) => message.card);

export function unread(place) {
  const seen = state.seen?.[place] ?? 0;
  return inConversation(place).filter((message) => message.id > seen && message.author !== state.me).length;
}

export function markSeen(place = state.open) {
  const last = inConversation(place).at(-1)?.id ?? 0;
  if ((state.seen[place] ?? 0) >= last) return;
  state.seen[place] = last;
  localStorage.setItem(`seen:${state.me}`, JSON.stringify(state.seen));
  emit("seen");
}

export function firstLook() {
  // A first visit starts with nothing unread: what stood there before is the past.
  const places = new Set([...state.messages.values()].map((message) => message.conversation));
  state.seen ??= Object.fromEntries([...places].map((place) => [place, inConversation(place).at(-1).id]));
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
