// The five figures to read at a glance.

import { byId, el, setAttribute, setText } from "./dom.js";
import { count, latency, latencyText, plural, rate } from "./format.js";

const TILES = ["requests", "p99", "errors", "in-flight", "connections"];
const LABELS = ["Requests", "Latency p99", "Errors", "In flight", "Connections"];

export function drawNumbers() {
  byId("numbers").append(...TILES.map((name, i) =>
    el("div", { class: "number", id: `number-${name}` },
      el("p", { class: "number-label" }, LABELS[i]),
      el("p", { class: "number-value" }, el("span", { class: "value" }, "–"), el("span", { class: "unit" })),
      el("p", { class: "number-detail quiet" }, "\u00a0"))));
}

/** alarm: which part is a cause for alarm, "value" or "detail". */
function show(name, value, unit, detail, alarm = "") {
  const tile = byId(`number-${name}`);
  setText(tile.querySelector(".value"), value);
  setText(tile.querySelector(".unit"), unit);
  setText(tile.querySelector(".number-detail"), detail || "\u00a0");
  setAttribute(tile, "data-alarm", alarm);
}

/** Shows what the gateway of a status says; without a gateway there is nothing to count. */
export function showNumbers(status) {
  const gateway = status.gateway;
  byId("numbers").hidden = !gateway;
  if (!gateway) return;
  const ready = status.pools.flatMap((pool) => pool.members).filter((member) => member.state === "up").length;
  show("requests", rate(gateway.requests_per_second), "/s", `${count(gateway.requests_total)} in total`);
  const [p99, unit] = latency(gateway.p99_ms);
  show("p99", p99, unit, gateway.p50_ms > 0 ? `p50 ${latencyText(gateway.p50_ms)} · p90 ${latencyText(gateway.p90_ms)}` : "no requests");
  show("errors", rate(gateway.errors_per_second), "/s", errorShare(gateway), gateway.errors_per_second > 0 ? "value" : "");
  show("in-flight", count(gateway.in_flight), "", `${plural(ready, "server")} ready`, ready === 0 ? "detail" : "");
  show("connections", count(gateway.connections), "", "clients, idle ones too");
}

function errorShare(gateway) {
  if (gateway.errors_total === 0) return "none so far";
  const share = (100 * gateway.errors_total) / Math.max(1, gateway.requests_total);
  return `${count(gateway.errors_total)} in total, ${share < 0.01 ? "<0.01" : share.toFixed(2)} %`;
}
