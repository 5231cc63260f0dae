// Elements without markup: every text goes in as a text node, so nothing that people write can become code.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function set(element, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else element.setAttribute(name, value === true ? "" : value);
}

const PATHS = {
  send: "M4 12l16-8-6 16-2.500-6.500z",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  reply: "M9 7L4 12l5 5M4 12h9a7 7 0 0 1 7 7",
  thread: "M5 5h14v10H11l-4 4v-4H5z",
  code: "M8 7l-5 5 5 5M16 7l5 5-5 5",
  menu: "M4 7h16M4 12h16M4 17h16",
  panel: "M4 5h16v14H4zM14.500 5v14",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2",
  undo: "M4 9h10a6 6 0 0 1 0 12h-3M4 9l4-4M4 9l4 4",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500z",
  sun: "M12 17a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM12 1.500v2M12 20.500v2M1.500 12h2M20.500 12h2M4.600 4.600L6 6M18 18l1.400 1.400M4.600 19.400L6 18M18 6l1.400-1.400",
  beside: "M4 5h16v14H4zM12 5v14",
  check: "M5 12.500l4.500 4.500L19 7.500",
  people: "M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2.500 20a6.500 6.500 0 0 1 13 0M16 4.300a3.500 3.500 0 0 1 0 6.400M17.500 14a6.500 6.500 0 0 1 4 6",
  close: "M6 6l12 12M18 6L6 18",
  down: "M12 5v14M6 13l6 6 6-6",
  chevron: "M7 10l5 5 5-5",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  open: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  plus: "M12 5v14M5 12h14",
  clip: "M20 11.500l-8.500 8.500a5 5 0 0 1-7-7l9-9a3.400 3.400 0 0 1 4.800 4.800l-9 9a1.700 1.700 0 0 1-2.400-2.400l8-8",
  hash: "M9 4L7 20M17 4l-2 16M4 9h16M4 15h16",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export function named(button, words) {
  button.title = words;
  button.setAttribute("aria-label", words);
}

export function iconButton(name, label, onclick, attributes = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...attributes }, icon(name));
}
