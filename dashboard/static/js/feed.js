// The live stream of the node: connects, notices silence, comes back by itself, and rests while nobody looks.

const SILENCE = 5_000; // ms without a status (there is one each second) until the stream counts as lost
const RETRIES = [500, 1_000, 2_000, 3_000, 5_000]; // ms until the next try; the last one is repeated
const HIDDEN = 30_000; // ms in a background tab until the stream is closed

export class Feed {
  #source = null;
  #failures = 0;
  #retry = 0;
  #silence = 0;
  #hiding = 0;

  /** handlers: status(document), sample(columns), event(event), warnings(list), state(name), series(columns). */
  constructor(handlers) {
    this.handlers = handlers;
  }

  start() {
    document.addEventListener("visibilitychange", () => this.#visibility());
    window.addEventListener("online", () => this.#connect());
    this.#connect();
  }

  #connect() {
    this.#close();
    const source = new EventSource("/api/v1/events");
    this.#source = source;
    const on = (type, handle) => source.addEventListener(type, (message) => handle(JSON.parse(message.data)));
    source.addEventListener("open", () => this.#opened());
    source.addEventListener("error", () => this.#failed());
    on("status", (status) => {
      this.#heard();
      this.handlers.status(status);
    });
    on("sample", (columns) => this.handlers.sample(columns));
    on("event", (event) => this.handlers.event(event));
    on("warning", (list) => this.handlers.warnings(list.warnings));
    this.#listenForSilence();
  }

  async #opened() {
    try {
      const answer = await fetch("/api/v1/series");
      if (answer.ok) this.handlers.series(await answer.json());
    } catch {
      // the stream's own end will say so
    }
  }

  #heard() {
    this.#failures = 0;
    this.handlers.state("live");
    this.#listenForSilence();
  }

  #listenForSilence() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#failed(), SILENCE);
  }

  #failed() {
    this.#close();
    this.handlers.state("lost");
    const wait = RETRIES[Math.min(this.#failures++, RETRIES.length - 1)];
    this.#retry = setTimeout(() => this.#comeBack(), wait);
  }

  /** An EventSource cannot say why it failed; a plain request can: without a session this page has nothing to show. */
  async #comeBack() {
    try {
      const answer = await fetch("/api/v1/session");
      if (answer.status === 401) {
        location.assign("/login");
        return;
      }
    } catch {
      this.#failed();
      return;
    }
    this.#connect();
  }

  #visibility() {
    clearTimeout(this.#hiding);
    if (document.hidden) {
      this.#hiding = setTimeout(() => {
        this.#close();
        this.handlers.state("resting");
      }, HIDDEN);
    } else if (!this.#source) {
      this.#connect();
    }
  }

  #close() {
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#source?.close();
    this.#source = null;
  }
}
