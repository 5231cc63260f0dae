// JSON in colours.
import { h } from "./dom.js";

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

export function jsonView(value) {
  const text = JSON.stringify(value, shortened, 2);
  const parts = [];
  let last = 0;
  for (const found of text.matchAll(TOKEN)) {
    parts.push(text.slice(last, found.index), ...token(found));
    last = found.index + found[0].length;
  }
  return h("pre", { class: "json" }, h("code", {}, parts, text.slice(last)));
}

function token([whole, string, colon]) {
  if (colon) return [h("span", { class: "json-key" }, string), colon];
  return [h("span", { class: string ? "json-text" : "json-value" }, whole)];
}

// A picture would be a wall of letters.
const shortened = (_, value) => (typeof value === "string" && value.length > 4000 ? `${value.slice(0, 60)}… (${value.length})` : value);
