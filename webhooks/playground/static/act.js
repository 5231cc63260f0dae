// What the person does: say a line, tap a button, send a form; optimistic, and safe to try again.
import * as api from "./api.js";
import { openForm } from "./dialog.js";
import { lang, t } from "./i18n.js";
import { emit, fail, openConversation, promise, receive, settle, state } from "./store.js";
import { toast } from "./toast.js";

export function say(text, { place = state.open, replyTo = null } = {}) {
  const draft = { key: api.newKey(), place, text, replyTo };
  promise(draft);
  return deliver(draft);
}

// One message per file, in their order; the words go with the first.
export async function sendFiles(files, text, place = state.open) {
  const drafts = files.map((file, at) => ({ key: api.newKey(), place, text: at ? "" : text, file }));
  drafts.forEach(promise);
  for (const draft of drafts) await deliver(draft);
}

async function encoded(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const parts = Array.from({ length: Math.ceil(bytes.length / 3072) }, (_, at) => String.fromCharCode(...bytes.subarray(at * 3072, at * 3072 + 3072)));
  return { name: file.name.slice(0, 200), mime: file.type, data: btoa(parts.join("")) };
}

export function again(draft) {
  delete draft.error;
  emit("pending");
  return deliver(draft);
}

async function deliver(draft) {
  const to = draft.place.startsWith("group:") ? draft.place : "sluice";
  const who = state.me;
  try {
    const common = { as: who, to, key: draft.key, lang: lang() };
    const told = await (draft.file ? api.upload({ ...common, text: draft.text, ...(await encoded(draft.file)) }) : api.say({ ...common, text: draft.text, reply_to: draft.replyTo }));
    if (told.notice) return fail(draft.key, told.notice);
    if (who !== state.me) return;
    receive([told.message]);
    settle(draft.key);
    shownAnswer(told, { message: told.message });
  } catch (error) {
    fail(draft.key, error.message);
  }
}

// `about` is where the tap happened: the message, or nothing for the side panel.
export async function press(about, { action, value, version, fields }) {
  const who = state.me;
  try {
    const body = { as: who, message: about.message?.id, action, value, version, fields, key: api.newKey(), lang: lang() };
    const told = await api.press(body);
    if (told.notice) return { "": told.notice };
    if (who === state.me) shownAnswer(told, about);
    return told.errors ?? {};
  } catch (error) {
    return { "": error.message };
  }
}

export async function tap(about, tapped) {
  const errors = await press(about, tapped);
  Object.values(errors).forEach(toast);
}

function shownAnswer(told, about) {
  if (told.answer) receive([told.answer]);
  if (told.answer && !about.message) openConversation(told.answer.conversation);
  if (told.form) openForm(told.form, (fields) => press(about, { action: told.form.action, value: told.form.value, version: about.version, fields }));
  if (!told.answer && !told.form && !Object.keys(told.errors ?? {}).length && about.message?.author !== state.me) toast(t("done"));
}
