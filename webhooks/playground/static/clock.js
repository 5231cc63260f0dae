// The clock: move the shared time on, and watch what falls due.
import * as api from "./api.js";
import { h, icon, iconButton } from "./dom.js";
import { t } from "./i18n.js";
import { openMenu } from "./menu.js";
import { on, state } from "./store.js";
import { moved } from "./stream.js";
import { toast } from "./toast.js";
import { now, shortDay, timeOfDay, untilNext } from "./when.js";

// `+1d` stays in sight on a phone; the rest folds into the menu.
const STEPS = { "+1h": () => "+1h", "+1d": () => "+1d", "+1w": () => "+7d", "9:00": () => `+${untilNext(9)}m` };
const clock = h("div", { class: "clock", role: "group" });

export function clockView() {
  for (const topic of ["clock", "lang", "me", "people"]) on(topic, draw);
  setInterval(tick, 10_000);
  return clock;
}

export async function readClock() {
  moved((await api.clock()).shift);
}

const isShifted = () => Math.abs(state.shift) > 1;

function draw() {
  const focus = clock.contains(document.activeElement) ? document.activeElement.dataset.step : null;
  clock.setAttribute("aria-label", t("clock"));
  clock.classList.toggle("shifted", isShifted());
  clock.replaceChildren(
    icon("clock"),
    h("span", { class: "clock-now", title: t(isShifted() ? "clockShifted" : "clockTrue") }, h("b", {}, timeOfDay(now())), h("span", {}, shortDay(now()))),
    ...Object.keys(STEPS).map((step) => h("button", { type: "button", class: "step", "data-step": step, title: t("clockWhy"), onclick: () => advance(step) }, t(step))),
    h("button", { type: "button", class: "step", "data-step": "reset", disabled: !isShifted(), title: t("clockReset"), "aria-label": t("clockReset"), onclick: () => move({ reset: true }) }, icon("undo")),
    iconButton("chevron", t("clockMore"), (event) => openMenu(event.currentTarget, t("clock"), choices()), { class: "step clock-more", "data-step": "more", "aria-haspopup": "menu", "aria-expanded": "false" }),
  );
  if (focus) clock.querySelector(`[data-step="${focus}"]:not(:disabled)`)?.focus();
}

const choices = () => [
  ...Object.keys(STEPS).map((step) => ({ label: t(step), act: () => advance(step) })),
  ...(isShifted() ? [{ label: t("clockReset"), act: () => move({ reset: true }) }] : []),
];

function tick() {
  clock.querySelector(".clock-now b")?.replaceChildren(timeOfDay(now()));
  clock.querySelector(".clock-now span")?.replaceChildren(shortDay(now()));
}

const advance = (step) => move({ shift: STEPS[step]() });

async function move(wanted) {
  try {
    moved((await api.moveClock(wanted)).shift);
    toast(t(wanted.reset ? "clockIsBack" : "clockIs", { when: `${shortDay(now())}, ${timeOfDay(now())}` }));
  } catch (error) {
    toast(error.message);
  }
}
