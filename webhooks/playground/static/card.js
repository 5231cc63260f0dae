// A neutral card as elements. Nothing here knows what a card is about.
import { tap } from "./act.js";
import { h, icon } from "./dom.js";
import { confirmed, show } from "./dialog.js";
import { t } from "./i18n.js";
import { openMenu } from "./menu.js";

const INLINE = 4;
const REF = /(\bL-\d+\b)/;

export function cardView(card, about) {
  const context = { ...about, version: card.version };
  return h("article", { class: `card tone-${card.tone ?? "normal"}`, "aria-label": card.title }, [
    h("header", {}, h("h3", { dir: "auto" }, card.title), card.ref ? (REF.test(card.ref) ? refView(card.ref, context) : h("span", { class: "ref" }, card.ref)) : null),
    h("div", { class: "card-body" }, (card.blocks ?? []).map((block) => blockView(block, context))),
    card.footer ? h("footer", {}, linked(card.footer, context)) : null,
  ]);
}

function blockView(block, context) {
  return VIEWS[block.type](block, context);
}

const VIEWS = {
  text: (block, context) => h("p", { class: `text ${block.style ?? ""}`, dir: "auto" }, linked(block.text, context)),
  fields: (block, context) => h("dl", { class: "fields" }, block.items.map((item) => h("div", {}, h("dt", {}, item.label), h("dd", { dir: "auto" }, linked(item.value, context))))),
  row: rowView,
  image: imageView,
  actions: (block, context) => h("div", { class: "actions" }, controls(block.items, context)),
  divider: () => h("hr"),
};

function rowView(block, context) {
  const words = h("div", { class: "row-words" }, h("p", { dir: "auto" }, linked(block.text, context)), block.detail ? h("p", { class: "detail", dir: "auto" }, linked(block.detail, context)) : null);
  const buttons = (block.buttons ?? []).map((button) => buttonView(button, context));
  return h("div", { class: "row" }, words, buttons.length ? h("div", { class: "row-buttons" }, buttons) : null);
}

const PNG = "data:image/png;base64,";

function imageView(block) {
  const source = block.png.startsWith(PNG) ? block.png : "";
  const picture = () => h("img", { src: source, alt: block.alt, ...sizeOf(source) });
  // A code is square, and read from a corner of the card as well; a tap makes it large.
  const { width, height } = sizeOf(source);
  return h("button", { type: "button", class: width && width === height ? "picture code" : "picture", title: t("enlarge"), onclick: () => show(block.alt, picture(), "wide") }, picture());
}

// The size stands at a fixed place in the file; known at once, nothing jumps when the picture is there.
function sizeOf(source) {
  const bytes = atob(source.slice(PNG.length, PNG.length + 32));
  const number = (at) => [0, 1, 2, 3].reduce((sum, next) => sum * 256 + bytes.charCodeAt(at + next), 0);
  return bytes.length < 24 ? {} : { width: number(16), height: number(20) };
}

function controls(items, context) {
  const buttons = items.filter((item) => item.type === "button");
  const seldom = buttons.filter((item) => item.more);
  // What every pushed card has for tuning it is never worth the room beside its own buttons.
  const crowded = buttons.length > INLINE || seldom.some((item) => item.action.startsWith("notify."));
  const hidden = crowded ? (seldom.length ? seldom : buttons.slice(INLINE)) : [];
  const shown = items.filter((item) => !hidden.includes(item)).map((item) => (item.type === "select" ? selectView(item, context) : buttonView(item, context)));
  return hidden.length ? [...shown, overflow(hidden, context)] : shown;
}

function buttonView(button, context) {
  const label = button.label;
  if (/^https?:\/\//.test(button.url ?? "")) return h("a", { class: "button", href: button.url, target: "_blank", rel: "noopener noreferrer" }, label, icon("open"));
  return h("button", { type: "button", class: `button ${button.style ?? ""}`, onclick: (event) => run(event.currentTarget, button, context) }, label);
}

async function run(element, button, context) {
  if (button.confirm && !(await confirmed(button.confirm, button.label))) return;
  await busy(element, () => tap(context, { action: button.action, value: button.value ?? "", version: context.version }));
}

async function busy(element, work) {
  element.disabled = true;
  element.setAttribute("aria-busy", "true");
  await work();
  element.disabled = false;
  element.removeAttribute("aria-busy");
}

function overflow(buttons, context) {
  const items = (element) => buttons.map((button) => ({ label: button.label, style: button.style, act: () => run(element, button, context) }));
  const open = (event) => openMenu(event.currentTarget, t("more"), items(event.currentTarget));
  return h("button", { type: "button", class: "button more", "aria-label": t("more"), "aria-haspopup": "menu", "aria-expanded": "false", onclick: open }, icon("more"));
}

function selectView(select, context) {
  const chosen = select.options.find((option) => option.value === select.chosen);
  const pick = (element, option) => busy(element, () => tap(context, { action: select.action, value: option.value, version: context.version }));
  const items = (element) => select.options.map((option) => ({ label: option.label, chosen: option === chosen, act: () => pick(element, option) }));
  const open = (event) => openMenu(event.currentTarget, select.label, items(event.currentTarget));
  return h("button", { type: "button", class: "button select", "aria-haspopup": "menu", "aria-expanded": "false", onclick: open }, [
    h("span", { class: "select-label" }, select.label),
    chosen ? h("span", {}, chosen.label) : null,
    icon("chevron"),
  ]);
}

const refView = (ref, context, kind = "ref") => h("button", { type: "button", class: kind, title: t("openLead"), onclick: (event) => busy(event.currentTarget, () => tap(context, { action: "lead.open", value: ref })) }, ref);

// References inside a text are taps; everything else stays text, without holes that somebody may have put in.
function linked(text, context) {
  return text.replace(/\n{3,}/g, "\n\n").split(REF).map((part) => (REF.test(part) ? refView(part, context, "inline-ref") : part));
}
