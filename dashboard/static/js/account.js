// What this browser may do, and the actions that need a login.

import { byId, el, setText } from "./dom.js";

const NOTICE = 8_000; // ms that a notice stays

export class Account {
  #actions = false;
  #notice = 0;

  constructor() {
    this.button = byId("account");
    this.button.addEventListener("click", () => (this.#actions ? this.#logOut() : this.#explain("Log in")));
  }

  /** Asks what this browser may do. */
  async refresh() {
    try {
      const answer = await fetch("/api/v1/session");
      if (answer.ok) this.#actions = (await answer.json()).actions;
    } catch {
      return; // no connection: the header says so
    }
    setText(this.button, this.#actions ? "Log out" : "Log in");
    this.button.hidden = false;
  }

  /** Restarts an instance, after a confirmation; busy(true) while it works. */
  async restart(instance, busy) {
    await this.refresh();
    if (!this.#actions) {
      await this.#explain(`Restart ${instance}`);
      return;
    }
    const text = "A replacement is started first and takes over once it is ready. Requests in flight are finished.";
    if (!(await ask(`Restart ${instance}?`, [el("p", {}, text)], "Restart"))) return;
    busy(true);
    this.notice(`Restarting ${instance}…`);
    const failure = await post(`/api/v1/instances/${encodeURIComponent(instance)}/restart`);
    busy(false);
    this.notice(failure ? `${instance} was not restarted: ${failure}` : `${instance} was restarted.`);
  }

  /** Says something once, at the bottom of the page. */
  notice(text) {
    const element = byId("notice");
    element.hidden = false;
    setText(element, text);
    clearTimeout(this.#notice);
    this.#notice = setTimeout(() => (element.hidden = true), NOTICE);
  }

  async #explain(title) {
    await ask(title, [
      el("p", {}, "This browser may look, but not act. To log it in, run this on the machine where Ladder runs:"),
      el("pre", {}, el("code", {}, "ladder status")),
      el("p", {}, "and open the login link that it prints in this browser."),
    ]);
  }

  async #logOut() {
    const failure = await post("/api/v1/logout");
    this.notice(failure ? `Logging out failed: ${failure}` : "Logged out.");
    await this.refresh();
  }
}

/** Sends an action; returns why it failed, "" when it did not. */
async function post(path) {
  try {
    const answer = await fetch(path, { method: "POST", headers: { "X-Ladder-Action": "1" } });
    if (answer.ok) return "";
    const failure = await answer.json();
    return failure.hint ? `${failure.error} (${failure.hint})` : failure.error;
  } catch {
    return "the connection broke";
  }
}

/** Shows a dialog and tells whether it was confirmed; without a word for confirming it can only be closed. */
function ask(title, content, confirm = "") {
  const dialog = byId("dialog");
  setText(byId("dialog-title"), title);
  byId("dialog-text").replaceChildren(...content);
  setText(byId("dialog-cancel"), confirm ? "Cancel" : "Close");
  byId("dialog-confirm").hidden = !confirm;
  setText(byId("dialog-confirm"), confirm || "Go on");
  dialog.returnValue = "cancel";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirm"), { once: true });
  });
}
