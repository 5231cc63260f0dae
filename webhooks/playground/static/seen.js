// Up to where each person has read each conversation. What stood there before this browser's first visit is the past.

const read = (key) => JSON.parse(localStorage.getItem(key) ?? "null");

const marks = (who) => read(`seen:${who}`) ?? {};

export const upTo = (who, place) => Math.max(marks(who)[place] ?? 0, read("seen-from") ?? 0);

export function mark(who, place, last) {
  if (upTo(who, place) >= last) return false;
  localStorage.setItem(`seen:${who}`, JSON.stringify({ ...marks(who), [place]: last }));
  return true;
}

// `latest` is the highest number of all; numbers that are higher yet come from a company that was thrown away.
export function begin(latest) {
  if ((read("seen-from") ?? Infinity) <= latest) return;
  for (const key of Object.keys(localStorage)) if (key.startsWith("seen:")) localStorage.removeItem(key);
  localStorage.setItem("seen-from", String(latest));
}
