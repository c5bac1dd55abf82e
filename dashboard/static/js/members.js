// The table of all servers, with a button to restart those that Ladder started.

import { byId, el, glyph, reconcile, setAttribute, setGlyph, setText } from "./dom.js";
import { bytes, clock, plural, since, whole } from "./format.js";

/** Columns: heading, whether it holds figures, and the text of a cell. */
const COLUMNS = [
  ["Name", false, (m) => m.name],
  ["State", false, (m) => m.state],
  ["For", true, (m) => since(m.since)],
  ["Restarts", true, (m) => (m.pid || m.restarts ? whole(m.restarts) : "–")],
  ["CPU", true, (m) => (m.pid ? `${m.cpu_percent.toFixed(0)} %` : "–")],
  ["Memory", true, (m) => (m.memory_bytes ? bytes(m.memory_bytes) : "–")],
  ["In flight", true, (m) => whole(m.in_flight)],
  ["Handled", true, (m) => whole(m.handled)],
  ["Failed", true, (m) => whole(m.failed)],
];

export class Members {
  #restarting = new Set();

  /** restart(name) is asked to restart a member; it answers with a promise. */
  constructor(restart) {
    this.restart = restart;
    this.body = el("tbody");
    const heads = COLUMNS.map(([name, figures]) => el("th", { scope: "col", class: figures ? "figure" : null }, name));
    byId("members").append(el("table", {},
      el("caption", { class: "hidden" }, "Servers of all pools"),
      el("thead", {}, el("tr", {}, ...heads, el("th", { scope: "col" }, el("span", { class: "hidden" }, "Actions")))),
      this.body));
  }

  show(status) {
    const rows = status.pools.flatMap((pool) => pool.members.map((member) => ({ pool, member })));
    const up = rows.filter(({ member }) => member.state === "up").length;
    setText(byId("members-count"), rows.length ? `${up} of ${plural(rows.length, "server")} up` : "no application in the file");
    reconcile(this.body, rows, ({ pool, member }) => `${pool.name}/${member.name}`,
      ({ member }) => this.#make(member), (row, { member }) => this.#fill(row, member));
  }

  #make(member) {
    const cells = COLUMNS.map(([name, figures], i) => {
      const text = el("span", { class: "cell-text" });
      if (i === 0) return el("th", { scope: "row" }, text, el("span", { class: "cell-detail quiet" }));
      if (name === "State") return el("td", { class: "cell-state" }, glyph(member.state), text, el("span", { class: "cell-detail quiet" }));
      return el("td", { class: figures ? "figure" : null, "data-label": name }, text);
    });
    const button = el("button", { type: "button", class: "button small" }, "Restart");
    button.addEventListener("click", () => this.#ask(member.name, button));
    return el("tr", {}, ...cells, el("td", { class: "cell-action" }, button));
  }

  #fill(row, member) {
    setAttribute(row, "data-state", member.state);
    COLUMNS.forEach(([, , text], i) => setText(row.children[i].querySelector(".cell-text"), text(member)));
    setText(row.children[0].querySelector(".cell-detail"), member.address === member.name ? "" : member.address);
    setText(row.children[1].querySelector(".cell-detail"), member.state === "up" ? "" : member.reason);
    setGlyph(row.children[1].querySelector(".glyph"), member.state);
    setAttribute(row.children[2], "title", `since ${clock(member.since)}`);
    const button = row.querySelector("button");
    const started = member.pid > 0 || member.restarts > 0;
    button.hidden = !started;
    setAttribute(button, "aria-label", `Restart ${member.name}`);
    setText(button, this.#restarting.has(member.name) ? "Restarting…" : "Restart");
    setAttribute(button, "aria-disabled", this.#restarting.has(member.name));
  }

  async #ask(name, button) {
    if (this.#restarting.has(name)) return;
    await this.restart(name, (busy) => {
      if (busy) this.#restarting.add(name);
      else this.#restarting.delete(name);
      setText(button, busy ? "Restarting…" : "Restart");
      setAttribute(button, "aria-disabled", busy);
    });
  }
}
