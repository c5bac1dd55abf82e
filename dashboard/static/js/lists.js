// Warnings and events.

import { byId, el, glyph, prose, reconcile, setText } from "./dom.js";
import { clock, plural, since } from "./format.js";

const EVENTS_SHOWN = 50;

/** Shows the warnings that hold, gravest first as the API sorts them. */
export function showWarnings(warnings) {
  const list = byId("warnings");
  setText(byId("warnings-count"), warnings.length ? plural(warnings.length, "warning") : "");
  byId("warnings").parentElement.classList.toggle("has-warnings", warnings.length > 0);
  if (!warnings.length) {
    if (!list.querySelector(".none")) list.replaceChildren(el("p", { class: "none" }, glyph("check"), "Nothing to worry about"));
    return;
  }
  list.querySelector(".none")?.remove();
  reconcile(list, warnings, (warning) => `${warning.code}/${warning.subject ?? ""}`, makeWarning, fillWarning);
}

function makeWarning(warning) {
  return el("article", { class: "warning", "data-severity": warning.severity },
    el("h3", {}, glyph(warning.severity), el("span", { class: "warning-title" })),
    el("p", { class: "warning-text" }),
    el("p", { class: "warning-hint quiet" }, ...prose(warning.hint)),
    el("p", { class: "warning-foot quiet" }, el("code", {}, warning.code), el("span", { class: "warning-since" })));
}

function fillWarning(element, warning) {
  const title = warning.subject ? `${warning.title}: ${warning.subject}` : warning.title;
  setText(element.querySelector(".warning-title"), title);
  setText(element.querySelector(".warning-text"), warning.text);
  setText(element.querySelector(".warning-since"), `for ${since(warning.since)}`);
}

/** The newest events, by ID; it takes them one by one from the stream and all at once from a status. */
export class Events {
  #events = new Map();
  #started = "";

  /** Events of a status. A node that has started anew counts its events anew. */
  all(events, started) {
    if (started !== this.#started) {
      this.#events.clear();
      this.#started = started;
    }
    for (const event of events) this.#events.set(event.id, event);
    this.#show();
  }

  one(event) {
    this.#events.set(event.id, event);
    this.#show();
  }

  #show() {
    const newest = [...this.#events.values()].sort((a, b) => b.id - a.id).slice(0, EVENTS_SHOWN);
    this.#events = new Map(newest.map((event) => [event.id, event]));
    setText(byId("events-count"), newest.length ? "newest first" : "none yet");
    reconcile(byId("events"), newest, (event) => event.id, makeEvent, () => {});
  }
}

/** The message with its subject in bold, which many messages begin with anyway. */
function sentenceOf({ subject, message }) {
  if (!subject) return [message];
  const rest = message.startsWith(`${subject} `) ? message.slice(subject.length) : ` ${message}`;
  return [el("b", {}, subject), rest];
}

function makeEvent(event) {
  return el("li", { class: "event", "data-severity": event.severity },
    el("time", { datetime: event.time }, clock(event.time)),
    glyph(event.severity),
    el("span", { class: "event-text" }, ...sentenceOf(event)));
}
