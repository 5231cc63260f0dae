// A menu under a button, worked by mouse, touch or arrow keys.
import { h } from "./dom.js";

let opened = null;

export function openMenu(button, label, items) {
  closeMenu();
  const menu = h("div", { class: "menu", role: "menu", "aria-label": label, onkeydown: steer }, items.map(entry));
  document.body.append(menu);
  place(menu, button);
  button.setAttribute("aria-expanded", "true");
  opened = { menu, button };
  setTimeout(() => opened?.menu === menu && document.addEventListener("pointerdown", outside));
  (menu.querySelector("[aria-checked=true]") ?? menu.firstElementChild)?.focus();
}

export function closeMenu() {
  if (!opened) return;
  document.removeEventListener("pointerdown", outside);
  opened.button.setAttribute("aria-expanded", "false");
  opened.menu.remove();
  opened = null;
}

function entry(item) {
  const checked = item.chosen === undefined ? {} : { "aria-checked": String(item.chosen) };
  const role = item.chosen === undefined ? "menuitem" : "menuitemradio";
  const kind = `menu-item ${item.style ?? ""}`;
  return h("button", { type: "button", class: kind, role, tabindex: "-1", onclick: () => choose(item), ...checked }, item.label);
}

function choose(item) {
  const { button } = opened;
  closeMenu();
  button.focus();
  item.act();
}

function place(menu, button) {
  const box = button.getBoundingClientRect();
  const room = innerHeight - box.bottom > menu.offsetHeight + 12 || box.top < menu.offsetHeight + 12;
  const left = Math.max(8, Math.min(box.left, innerWidth - menu.offsetWidth - 8));
  menu.style.left = `${left}px`;
  menu.style.top = room ? `${Math.min(box.bottom + 6, innerHeight - menu.offsetHeight - 8)}px` : `${box.top - menu.offsetHeight - 6}px`;
}

// Typing the beginning of an entry goes to it.
function typed(key, items) {
  clearTimeout(opened.pause);
  opened.begun = (opened.begun ?? "") + key.toLowerCase();
  opened.pause = setTimeout(() => opened && (opened.begun = ""), 700);
  items.find((item) => item.textContent.toLowerCase().startsWith(opened.begun))?.focus();
}

function steer(event) {
  const items = [...opened.menu.children];
  if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey) typed(event.key, items);
  const at = items.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (next !== undefined) items.at(next % items.length).focus();
  if (event.key === "Escape" || event.key === "Tab") opened.button.focus();
  if (event.key === "Escape" || event.key === "Tab") closeMenu();
  if (next !== undefined || event.key === "Escape") event.preventDefault();
}

function outside(event) {
  if (!opened.menu.contains(event.target)) closeMenu();
}
