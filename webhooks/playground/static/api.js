// The playground's HTTP API, as the page uses it.

import { t } from "./i18n.js";

const BASE = "/playground/api";

export class Failed extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const workspace = new URLSearchParams(location.search).get("workspace");

function address(path, values = {}) {
  const query = new URLSearchParams({ ...values, ...(workspace && { workspace }) }).toString();
  return BASE + path + (query && `?${query}`);
}

async function call(path, values, options) {
  const response = await fetch(address(path, values), options).catch(() => null);
  if (!response) throw new Failed(0, t("error_gone"));
  const told = await response.json().catch(() => ({}));
  if (!response.ok) throw new Failed(response.status, sorry(response.status, told.error));
  return told;
}

// What the person can do about it; where only the request was wrong, the server's own sentence.
const KNOWN = [401, 409, 413, 429, 503];
const sorry = (status, error) => (KNOWN.includes(status) ? t(`error_${status}`) : (error ?? t("broken")));

const post = (path, body) =>
  call(path, {}, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export const say = (body) => post("/say", body);
export const upload = (body) => post("/upload", body);
export const press = (body) => post("/press", body);
export const people = () => call("/people");
export const words = (lang) => call("/words", { lang });
export const messages = (as, since = 0) => call("/messages", { as, since });
export const worklist = (as) => call("/home", { as });
export const rendered = (as, message) => call("/rendered", { as, message });
export const inboxes = () => call("/inboxes");
export const clock = () => call("/clock");
export const moveClock = (body) => post("/clock", body);
export const fileUrl = (as, message) => address("/file", { as, message });
export const streamUrl = (as, since) => address("/stream", { as, since });
