// A short word at the edge of the page, and the region that a screen reader listens to.
import { h } from "./dom.js";
import { on } from "./store.js";

const region = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
const spoken = h("div", { class: "visually-hidden", role: "log", "aria-live": "polite", id: "spoken" });

export const regions = () => [region, spoken];

export function toast(text) {
  const line = h("p", { class: "toast" }, text);
  region.append(line);
  setTimeout(() => line.remove(), 6000);
}

on("trouble", toast);

export function speak(text) {
  spoken.append(h("p", {}, text));
  while (spoken.children.length > 20) spoken.firstElementChild.remove();
}
