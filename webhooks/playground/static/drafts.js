// Half-written lines: one per person and place, kept while the window is open, also over a reload.
import { emit, state } from "./store.js";

const key = (place) => `draft:${state.me}:${place}`;

export const draftOf = (place) => sessionStorage.getItem(key(place)) ?? "";

export function keepDraft(place, text) {
  const had = Boolean(draftOf(place));
  if (text.trim()) sessionStorage.setItem(key(place), text);
  else sessionStorage.removeItem(key(place));
  if (had !== Boolean(text.trim())) emit("drafts");
}
