// What a card is elsewhere: the JSON that Slack or WeCom gets, and the plain text for notifications and screen readers.
import * as api from "./api.js";
import { h, iconButton } from "./dom.js";
import { t } from "./i18n.js";
import { jsonView } from "./json.js";
import { lastCard, state } from "./store.js";
import { toast } from "./toast.js";

export async function twinView(name) {
  const message = state.messages.get(state.selected) ?? lastCard();
  if (!message?.card) return [h("p", { class: "panel-note" }, t("noCard"))];
  if (name === "text") return [head(message, name, message.plain), h("pre", { class: "json", dir: "auto" }, message.plain)];
  const told = (await api.rendered(state.me, message.id))[name];
  if (!told) return [h("p", { class: "panel-note" }, t("notHere"))];
  return [head(message, name, JSON.stringify(told, null, 2), JSON.stringify(told)), jsonView(told)];
}

function head(message, name, text, sent = text) {
  const copy = () => navigator.clipboard.writeText(text).then(() => toast(t("copied")));
  const size = new TextEncoder().encode(sent).length;
  const words = h("div", {}, h("b", {}, message.card.title), h("small", {}, `${t(`gets_${name}`)} · ${t("bytes", { size })}`));
  return h("div", { class: "json-head" }, words, iconButton("copy", t("copy"), copy));
}
