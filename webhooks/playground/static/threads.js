// Threads: what people said about one message, and what came of it.
import { emit, state } from "./store.js";

// The message that a line, or Sluice's answer to it, is about; null for what was said to nobody in particular.
export function rootOf(message) {
  const about = state.messages.get(message.reply_to);
  if (!about) return null;
  return rootOf(about) ?? (message.author === "sluice" ? null : about.id);
}

export const repliesTo = (id) => [...state.messages.values()].filter((message) => rootOf(message) === id).sort((a, b) => a.id - b.id);

export function openThread(id) {
  state.thread = id;
  emit("thread");
}

export const closeThread = () => openThread(null);
