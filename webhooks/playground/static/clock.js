// The clock: move the shared time on, and watch what falls due.
import * as api from "./api.js";
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { on, state } from "./store.js";
import { moved } from "./stream.js";
import { toast } from "./toast.js";
import { now, shortDay, timeOfDay } from "./when.js";

const STEPS = ["+1h", "+1d"];
const clock = h("div", { class: "clock", role: "group" });

export function clockView() {
  for (const topic of ["clock", "lang", "me", "people"]) on(topic, draw);
  setInterval(tick, 10_000);
  return clock;
}

export async function readClock() {
  moved((await api.clock()).shift);
}

function draw() {
  clock.setAttribute("aria-label", t("clock"));
  clock.classList.toggle("shifted", Math.abs(state.shift) > 1);
  clock.replaceChildren(
    icon("clock"),
    h("span", { class: "clock-now", title: t(Math.abs(state.shift) > 1 ? "clockShifted" : "clockTrue") }, h("b", {}, timeOfDay(now())), h("span", {}, shortDay(now()))),
    ...STEPS.map((shift) => h("button", { type: "button", class: "step", title: t("clockWhy"), onclick: () => move({ shift }) }, t(shift))),
    h("button", { type: "button", class: "step", disabled: Math.abs(state.shift) <= 1, title: t("clockReset"), "aria-label": t("clockReset"), onclick: () => move({ reset: true }) }, icon("undo")),
  );
}

function tick() {
  clock.querySelector(".clock-now b")?.replaceChildren(timeOfDay(now()));
  clock.querySelector(".clock-now span")?.replaceChildren(shortDay(now()));
}

async function move(wanted) {
  const label = document.activeElement?.textContent;
  try {
    moved((await api.moveClock(wanted)).shift);
  } catch (error) {
    toast(error.message);
  }
  [...clock.querySelectorAll("button")].find((button) => button.textContent === label)?.focus();
}
