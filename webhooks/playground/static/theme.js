// Light or dark: the system's choice until the person makes one, in this window and in the others.

const dark = matchMedia("(prefers-color-scheme: dark)");
const hearers = [];

export const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";

export const onTheme = (hear) => hearers.push(hear);

export function restore() {
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
  for (const hear of hearers) hear();
}

export function toggle() {
  localStorage.setItem("theme", isDark() ? "light" : "dark");
  restore();
}

addEventListener("storage", (event) => event.key === "theme" && restore());
dark.addEventListener("change", restore);
