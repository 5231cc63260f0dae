// Times in words, by the shared clock, in the persona's own time zone.
import { locale } from "./i18n.js";
import { persona, state } from "./store.js";

const STEPS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export const now = () => Date.now() + state.shift * 1000;

const zone = () => persona(state.me)?.timezone ?? undefined;

const format = (at, options) => new Intl.DateTimeFormat(locale(), { timeZone: zone(), ...options }).format(at);

export function ago(at) {
  const seconds = (new Date(at) - now()) / 1000;
  const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 60];
  if (unit === "day" && Math.abs(seconds) > 6 * 86_400) return format(new Date(at), { day: "numeric", month: "short" });
  return new Intl.RelativeTimeFormat(locale(), { numeric: "auto", style: "short" }).format(Math.trunc(seconds / size), unit);
}

export const exact = (at) => format(new Date(at), { dateStyle: "full", timeStyle: "short" });
export const day = (at) => format(new Date(at), { weekday: "long", day: "numeric", month: "long" });
export const shortDay = (at) => format(new Date(at), { weekday: "short", day: "numeric", month: "short" });
export const timeOfDay = (at) => format(new Date(at), { hour: "2-digit", minute: "2-digit" });

// Minutes until the next full hour of that name, where the person lives.
export function untilNext(hour) {
  const [hours, minutes] = new Intl.DateTimeFormat("en-GB", { timeZone: zone(), hour: "2-digit", minute: "2-digit" }).format(now()).split(":").map(Number);
  return ((hour * 60 - hours * 60 - minutes + 1439) % 1440) + 1;
}

export function refreshTimes(root = document) {
  for (const element of root.querySelectorAll("time[datetime]")) element.textContent = ago(element.dateTime);
}
