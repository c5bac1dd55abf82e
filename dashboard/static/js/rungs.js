// The nine rungs: where this node stands, what is below, and what each step would bring.

import { byId, el, setAttribute, setText } from "./dom.js";

/** How many rungs this version of Ladder can climb. */
const BUILT = 1;

/** Each rung: its name, and what it brings in a few words. */
const RUNGS = [
  ["Single server", "Everything up with one command"],
  ["Database apart", "A machine of its own, moved to live"],
  ["Load balancer", "Many servers, sessions kept"],
  ["Replication", "Failover, and no stale reads"],
  ["Cache", "Fast answers, never out of date"],
  ["CDN", "Edges near users, purged at once"],
  ["Data centres", "Regions that stand in for others"],
  ["Message queue", "Slow work later, nothing lost"],
  ["Sharding", "One database on many machines"],
];

/** Draws the ladder once; the highest rung stands at the top. */
export function drawRungs() {
  const list = byId("rungs");
  RUNGS.forEach(([name, brings], index) => {
    const number = index + 1;
    list.prepend(el("li", { class: "rung", "data-number": number, "data-state": "planned" },
      el("span", { class: "rung-bar", "aria-hidden": "true" }, el("span", { class: "rung-number" }, String(number))),
      el("span", { class: "rung-text" },
        el("span", { class: "rung-name" }, name, el("span", { class: "hidden rung-state" })),
        el("span", { class: "rung-brings" }, brings))));
  });
}

/** Lights the rung that the file stands on. */
export function showRung(current) {
  setText(byId("rung-short"), `Rung ${current} of ${RUNGS.length}: ${RUNGS[current - 1]?.[0] ?? ""}`);
  for (const rung of byId("rungs").children) {
    const number = Number(rung.dataset.number);
    const state = stateOf(number, current);
    setAttribute(rung, "data-state", state.name);
    if (number === current) rung.setAttribute("aria-current", "step");
    else rung.removeAttribute("aria-current");
    rung.querySelector(".rung-state").textContent = `, ${state.spoken}`;
  }
}

function stateOf(number, current) {
  if (number === current) return { name: "current", spoken: "you are here" };
  if (number < current) return { name: "climbed", spoken: "climbed" };
  if (number <= BUILT) return { name: "open", spoken: "the next steps" };
  return { name: "planned", spoken: "not built yet" };
}
