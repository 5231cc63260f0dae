// Two people beside each other in one window, under one clock: they race for one lead.
import * as api from "./api.js";
import { h } from "./dom.js";
import { emit, nameOf, state } from "./store.js";
import { moved } from "./stream.js";
import { topView } from "./top.js";

export async function besideView({ as, beside, open }) {
  state.people = await api.people();
  state.me = as;
  const pane = (id) => h("iframe", { src: `/playground?${new URLSearchParams({ as: id, pane: "1", ...(open && { open }) })}`, title: nameOf(id) });
  document.title = `${nameOf(as)} · ${nameOf(beside)} · Sluice`;
  document.body.classList.add("beside");
  document.body.replaceChildren(topView({ back: `/playground?as=${encodeURIComponent(as)}` }), h("main", { class: "panes" }, pane(as), pane(beside)));
  addEventListener("message", (event) => event.origin === location.origin && moved(event.data.shift));
  emit("people");
}
