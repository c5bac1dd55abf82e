// Who this is, since when it runs, whether what is shown is live, and in which colours.

import { byId, setAttribute, setGlyph, setText } from "./dom.js";
import { clock, duration } from "./format.js";

const STATES = {
  connecting: ["Connecting", "starting"],
  live: ["Live", "up"],
  lost: ["Disconnected, retrying", "down"],
  resting: ["Paused in the background", "draining"],
};

const THEMES = ["system", "light", "dark"];

export class Header {
  #heard = null;
  #status = null;

  /** recolour() is called when the theme changes. */
  constructor(recolour) {
    this.theme = document.documentElement.dataset.theme ?? "system";
    byId("theme").addEventListener("click", () => {
      this.#setTheme(THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length]);
      recolour();
    });
    this.#setTheme(this.theme);
    this.state("connecting");
    setInterval(() => this.#showUptime(), 1000);
  }

  show(status) {
    this.#heard = new Date();
    this.#status = status;
    document.title = `${status.name} · Ladder`;
    setText(byId("app-name"), status.name);
    setText(byId("node-name"), status.node ? `on ${status.node}` : "");
    setText(byId("version"), `version ${status.version}`);
    this.#showUptime();
  }

  /** Shows the state of the live stream: connecting, live, lost or resting. */
  state(name) {
    const [text, shape] = STATES[name];
    const live = byId("live");
    setAttribute(live, "data-state", name);
    setText(live.querySelector("span"), text);
    setGlyph(live.querySelector(".glyph"), shape);
    document.body.classList.toggle("is-stale", name === "lost" && this.#heard !== null);
    const stale = byId("stale");
    stale.hidden = name !== "lost";
    setText(stale, this.#heard
      ? `No connection to Ladder. Everything below is as it was at ${clock(this.#heard)}. Retrying…`
      : "No connection to Ladder yet. Retrying…");
  }

  #showUptime() {
    if (!this.#status) return;
    const age = (Date.now() - this.#heard.getTime()) / 1000;
    setText(byId("uptime"), `up ${duration(this.#status.uptime_seconds + age)}`);
  }

  #setTheme(theme) {
    this.theme = theme;
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    setText(byId("theme-label"), `Colours: ${theme}`);
    setAttribute(byId("theme"), "title", `Colours: ${theme}`);
    try {
      if (theme === "system") localStorage.removeItem("ladder-theme");
      else localStorage.setItem("ladder-theme", theme);
    } catch {
      // not remembered, then
    }
  }
}
