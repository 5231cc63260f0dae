// Dialogs: forms that a card opens, and the question before a dangerous tap.
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { state } from "./store.js";

export function show(title, body, className = "") {
  const dialog = h("dialog", { class: `dialog ${className}`, "aria-label": title }, [
    h("header", {}, h("h2", {}, title), h("button", { type: "button", class: "icon-button", "aria-label": t("close"), onclick: () => dialog.close() }, icon("close"))),
    body,
  ]);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

export function confirmed(question, label) {
  return new Promise((resolve) => {
    const yes = h("button", { type: "button", class: "button danger", onclick: () => dialog.close("yes") }, label);
    const no = h("button", { type: "button", class: "button", onclick: () => dialog.close() }, t("cancel"));
    const dialog = show(t("sure"), [h("p", { class: "question" }, question), h("footer", {}, no, yes)], "small");
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
    no.focus();
  });
}

// `submit(fields)` answers with the errors by field; none closes the dialog.
export function openForm(form, submit) {
  const send = h("button", { type: "submit", class: "button primary" }, form.submit);
  const cancel = h("button", { type: "button", class: "button", onclick: () => dialog.close() }, t("cancel"));
  const body = h("form", { novalidate: true, onsubmit: (event) => sent(event, form, body, send, submit).then((done) => done && dialog.close()) }, [
    form.inputs.map(field),
    h("p", { class: "error general", role: "alert" }),
    h("footer", {}, cancel, send),
  ]);
  const fit = () => form.inputs.forEach((input) => input.only_if && (body.elements[input.name].closest(".form-field").hidden = !asked(input, body)));
  body.addEventListener("change", fit);
  fit();
  body.addEventListener("keydown", (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && body.requestSubmit());
  const dialog = show(form.title, body);
  body.querySelector("input:not([type=hidden]), textarea, select")?.focus();
}

async function sent(event, form, body, send, submit) {
  event.preventDefault();
  const inputs = form.inputs.filter((input) => asked(input, body));
  const missing = inputs.filter((input) => !input.optional && input.kind !== "hidden" && !body.elements[input.name].value.trim());
  if (missing.length) return complain(body, Object.fromEntries(missing.map((input) => [input.name, t("needed")])));
  send.disabled = true;
  const errors = await submit(Object.fromEntries(inputs.map((input) => [input.name, body.elements[input.name].value])));
  send.disabled = false;
  return complain(body, errors);
}

// An input may belong to answers of another one: `outcome=lost`, or several with | between them.
function asked(input, body) {
  if (!input.only_if) return true;
  const [name, wanted] = input.only_if.split("=");
  return wanted.split("|").includes(body.elements[name]?.value);
}

function complain(body, errors) {
  for (const slot of body.querySelectorAll("[data-error]")) {
    const message = errors[slot.dataset.error] ?? "";
    slot.textContent = message;
    body.elements[slot.dataset.error]?.setAttribute("aria-invalid", String(Boolean(message)));
  }
  const names = Object.keys(errors);
  const general = names.filter((name) => !body.elements[name]).map((name) => errors[name]);
  const line = body.querySelector(".general");
  line.textContent = general.join(" ");
  body.elements[names.find((name) => body.elements[name])]?.focus();
  return !names.length;
}

function field(input) {
  if (input.kind === "hidden") return h("input", { type: "hidden", name: input.name, value: input.value ?? "" });
  const id = `field-${input.name}`;
  const control = controlFor(input, { id, name: input.name, "aria-describedby": `${id}-hint` });
  const optional = input.optional ? h("span", { class: "optional" }, t("optional")) : null;
  return h("div", { class: "form-field" }, [
    h("label", { for: id }, input.label, optional),
    control,
    h("p", { class: "hint", id: `${id}-hint` }, input.hint ?? ""),
    h("p", { class: "error", "data-error": input.name, role: "alert" }),
  ]);
}

const TYPES = { number: "number", date: "date", time: "time", datetime: "datetime-local" };

function controlFor(input, attributes) {
  const value = input.value ?? "";
  if (input.kind === "multiline") return grown(h("textarea", { ...attributes, rows: "4" }), value);
  if (input.kind === "select") return chooser(input, input.options ?? [], attributes);
  if (input.kind === "member") return chooser(input, input.options?.length ? input.options : members(), attributes);
  const step = input.kind === "number" ? { step: "any", inputmode: "decimal" } : {};
  return h("input", { ...attributes, ...step, type: TYPES[input.kind] ?? "text", autocomplete: "off", value: value.replace(" ", input.kind === "datetime" ? "T" : " ") });
}

function grown(area, value) {
  area.value = value;
  return area;
}

const members = () => state.people.personas.map((person) => ({ value: person.id, label: person.name }));

function chooser(input, options, attributes) {
  const nothing = input.value && !input.optional ? [] : [h("option", { value: "" }, "—")];
  const choices = options.map((option) => h("option", { value: option.value, selected: option.value === input.value }, option.label));
  return h("select", attributes, nothing, choices);
}
