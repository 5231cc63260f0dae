// What came with a message: a picture or recording in place, anything else to download.
import * as api from "./api.js";
import { show } from "./dialog.js";
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { state } from "./store.js";

const PICTURES = /^image\/(png|jpeg|gif|webp)$/;
const SOUNDS = /^audio\/(mpeg|mp4|ogg|wav|x-wav|webm|aac)$/;

export function fileView(message) {
  const { name, mime, size } = message.file;
  const address = api.fileUrl(state.me, message.id);
  if (PICTURES.test(mime)) return pictureView(name, address);
  const chip = h("a", { class: "file", href: address, download: name, title: t("download") }, icon("clip"), h("b", {}, name), h("small", {}, inBytes(size)), icon("down"));
  return SOUNDS.test(mime) ? [h("audio", { controls: true, preload: "none", src: address, "aria-label": name }), chip] : chip;
}

function pictureView(name, address) {
  const picture = () => h("img", { src: address, alt: name });
  return h("button", { type: "button", class: "picture photo", title: t("enlarge"), onclick: () => show(name, picture(), "wide") }, picture());
}

export const inBytes = (bytes) => (bytes < 1024 ? `${bytes} B` : bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);
