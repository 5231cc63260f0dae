// Two languages of the page's own words. What Sluice says comes from the server in the member's language.
import { emit } from "./store.js";

const texts = {};
let current = "en";

export async function load() {
  const files = await Promise.all(["en", "zh"].map((lang) => fetch(`/playground/static/${lang}.json`)));
  [texts.en, texts.zh] = await Promise.all(files.map((file) => file.json()));
  const wanted = localStorage.getItem("lang") ?? (navigator.language.startsWith("zh") ? "zh" : "en");
  apply(wanted);
}

function apply(lang) {
  current = lang;
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
}

export const lang = () => current;
export const locale = () => (current === "zh" ? "zh-CN" : "en-GB");

export function switchTo(language) {
  localStorage.setItem("lang", language);
  heard(language);
}

function heard(language) {
  apply(language);
  emit("lang");
}

// Another window of this page, or the bar above two people, has chosen.
addEventListener("storage", (event) => event.key === "lang" && event.newValue && heard(event.newValue));

export function t(key, values = {}) {
  const text = texts[current][key] ?? key;
  return typeof text === "string" ? text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "") : text;
}
