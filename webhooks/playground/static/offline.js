// A line that says when the server cannot be reached, and that nothing typed is lost.
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { on, state } from "./store.js";

export function offlineView() {
  const line = h("p", { class: "offline", role: "alert", hidden: true });
  on("online", () => {
    line.hidden = state.online;
    line.textContent = state.online ? "" : t("offline");
  });
  return line;
}
