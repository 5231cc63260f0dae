// Hints while typing: the words Sluice knows, for the person's role, by prefix.
import * as api from "./api.js";
import { h } from "./dom.js";
import { lang, t } from "./i18n.js";
import { persona, state } from "./store.js";

const SHOWN = 8;
let known = [];

export async function loadWords() {
  const told = await api.words(lang()).catch(() => ({ words: [] }));
  known = told.words.map((one) => ({ ...one, more: one.example !== one.text }));
}

export function matching(typed) {
  const words = typed.replace(/^\//, "").trimStart().toLowerCase();
  if (typed.includes("\n")) return [];
  const all = [...t("suggestions").map(([text, why]) => ({ text, why })), ...known.filter(isMine).filter((one) => !isListed(one))];
  return all.filter((one) => one.text.toLowerCase().startsWith(words) && one.text.toLowerCase() !== words).slice(0, SHOWN);
}

const isListed = (one) => t("suggestions").some(([text]) => text.split(" ")[0] === one.text.split(" ")[0]);

const ROLES = { everyone: ["rep", "manager", "admin"], manager: ["manager", "admin"], admin: ["admin"] };
const isMine = (one) => (ROLES[one.roles] ?? ROLES.everyone).includes(persona(state.me)?.role ?? "rep");

export function suggestionList(found, at, choose) {
  return found.map((one, index) =>
    h("li", { role: "option", id: `hint-${index}`, "aria-selected": String(index === at), onpointerdown: (event) => pick(event, one, choose) }, h("b", {}, one.text), h("span", {}, one.example && one.example !== one.text ? `${one.why} · ${one.example}` : one.why)),
  );
}

function pick(event, one, choose) {
  event.preventDefault();
  choose(one);
}
