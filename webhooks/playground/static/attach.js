// Files that were chosen, dropped or pasted: they wait above the message box until Enter, or are taken back.
import { h, icon, iconButton } from "./dom.js";
import { inBytes } from "./file.js";
import { t } from "./i18n.js";
import { on } from "./store.js";
import { toast } from "./toast.js";

const LARGEST = 10 * 1024 * 1024;
const ACCEPT = ".csv,.tsv,.txt,.xlsx,image/*,audio/*,.amr,.pdf,.doc,.docx";
const waiting = h("ul", { class: "attached", hidden: true });
let files = [];

export const attached = () => files;

export function attach(chosen) {
  const fitting = [...chosen].filter((file) => file.size <= LARGEST && file.size > 0);
  if (fitting.length < chosen.length) toast(t("error_413"));
  files = [...files, ...fitting];
  draw();
  document.querySelector("#composer").focus();
}

export function detachAll() {
  const all = files;
  files = [];
  draw();
  return all;
}

export function fileInput() {
  const input = h("input", { type: "file", accept: ACCEPT, multiple: true, hidden: true, onchange: () => (attach(input.files), (input.value = "")) });
  document.addEventListener("paste", pasted);
  on("me", detachAll);
  on("lang", draw);
  return input;
}

export const filesView = () => waiting;

function pasted(event) {
  if (!event.clipboardData?.files.length || event.target.closest("dialog")) return;
  event.preventDefault();
  attach(event.clipboardData.files);
}

function draw() {
  waiting.hidden = !files.length;
  waiting.setAttribute("aria-label", t("attached"));
  waiting.replaceChildren(...files.map((file) => h("li", {}, icon("clip"), h("b", {}, file.name), h("small", {}, inBytes(file.size)), iconButton("close", t("detach", { name: file.name }), () => take(file)))));
}

function take(file) {
  files = files.filter((one) => one !== file);
  draw();
  document.querySelector("#composer").focus();
}
