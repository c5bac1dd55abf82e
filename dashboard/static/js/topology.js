// Draws the topology and keeps it true. Elements stay as long as what they stand for, so that changes can be seen.

import { byId, glyph, reconcile, setAttribute, setGlyph, setText, svg } from "./dom.js";
import { graphOf, sentenceOf, summaryOf } from "./graph.js";
import { arrange, curve, midpoint } from "./layout.js";

const PADDING = 2; // px around the picture, for outlines
const EDGE = 12; // px between a node's frame and its text
const LETTER = 7; // px that a letter of a state takes at most, about
const ICONS = {
  users: "M9 8.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2 17.5c0-4 3-6.5 7-6.5s7 2.5 7 6.5M13.5 2a3.5 3.5 0 0 1 0 6.4M17.5 11.9c2.2 1 3.5 3 3.5 5.6",
};

export class Topology {
  #status = null;
  #fitted = new WeakMap(); // text element → the text and width that it was fitted to

  constructor(rates) {
    this.rates = rates;
    this.frame = byId("topology");
    this.edges = svg("g");
    this.nodes = svg("g");
    this.picture = svg("svg", { role: "img" }, this.edges, this.nodes);
    this.frame.append(this.picture);
    new ResizeObserver(() => this.#draw()).observe(this.frame);
  }

  show(status) {
    this.#status = status;
    this.#draw();
  }

  #draw() {
    const width = this.frame.clientWidth - 2 * PADDING;
    if (!this.#status || width <= 0) return;
    const { tiers, edges } = graphOf(this.#status, this.rates);
    const plan = arrange(tiers, width);
    setAttribute(this.picture, "width", width + 2 * PADDING);
    setAttribute(this.picture, "height", plan.height + 2 * PADDING);
    setAttribute(this.picture, "viewBox", `${-PADDING} ${-PADDING} ${width + 2 * PADDING} ${plan.height + 2 * PADDING}`);
    setAttribute(this.picture, "aria-label", sentenceOf(this.#status));
    setText(byId("topology-summary"), summaryOf(this.#status));
    reconcile(this.edges, edges, (edge) => edge.id, makeEdge, (element, edge) => fillEdge(element, edge, plan));
    reconcile(this.nodes, tiers.flat(), (node) => `${node.id}${plan.compact ? "-" : ""}`, (node) => makeNode(node, plan),
      (element, node) => this.#fillNode(element, node, plan));
  }

  #fillNode(element, node, plan) {
    const box = plan.boxes.get(node.id);
    setAttribute(element, "transform", `translate(${box.x} ${box.y})`);
    setAttribute(element, "data-state", node.state);
    const frame = element.querySelector(".node-frame");
    if (frame) {
      setAttribute(frame, "width", box.w);
      setAttribute(frame, "height", box.h);
    }
    if (node.kind === "users") {
      setText(element.querySelector(".node-line"), node.line);
      return;
    }
    setGlyph(element.querySelector(".glyph"), node.state);
    const member = node.kind === "member";
    const label = element.querySelector(".node-state");
    setText(label, node.label);
    if (member) setAttribute(label, "x", box.w - EDGE);
    this.#fit(element.querySelector(".node-title"), node.title, box.w - 44 - (member ? 10 + LETTER * (node.label.length + (plan.compact ? node.brief.length + 1 : 0)) : 0));
    if (plan.compact && member) {
      const brief = element.querySelector(".node-line");
      setText(brief, node.brief);
      setAttribute(brief, "x", box.w - EDGE - 8 - LETTER * node.label.length);
      return;
    }
    this.#fit(element.querySelector(member ? ".node-line" : ".node-last"), node.line, box.w - 2 * EDGE);
    if (member) return;
    const beside = element.querySelector(".node-beside");
    setAttribute(beside, "x", box.w - EDGE);
    this.#fit(beside, node.beside, box.w - 2 * EDGE - 8 - LETTER * node.label.length);
  }

  /** Cuts a text to a width, and says the whole of it in a title. */
  #fit(element, text, width) {
    const wanted = `${text}|${width}`;
    if (this.#fitted.get(element) === wanted) return;
    this.#fitted.set(element, wanted);
    element.textContent = text;
    for (let length = text.length; length > 1 && element.getComputedTextLength() > width; length--) {
      element.textContent = `${text.slice(0, length - 1).trimEnd()}…`;
    }
    if (element.textContent !== text) {
      const title = svg("title");
      title.textContent = text;
      element.append(title);
    }
  }
}

function makeEdge(edge) {
  return svg("g", { class: "edge" }, svg("path", { class: "edge-line" }), svg("path", { class: "edge-flow" }),
    edge.label ? svg("text", { class: "edge-label" }) : null);
}

function fillEdge(element, edge, plan) {
  const [from, to] = [plan.boxes.get(edge.from), plan.boxes.get(edge.to)];
  const path = curve(from, to, plan.vertical);
  for (const line of element.querySelectorAll("path")) setAttribute(line, "d", path);
  setAttribute(element, "data-open", edge.open);
  setAttribute(element, "data-flow", speedOf(edge.flow));
  setAttribute(element.querySelector(".edge-line"), "stroke-width", (1.5 + 2.5 * edge.share).toFixed(1));
  const label = element.querySelector(".edge-label");
  if (!label) return;
  const at = midpoint(from, to, plan.vertical);
  setAttribute(label, "x", at.x);
  setAttribute(label, "y", at.y);
  setAttribute(label, "text-anchor", at.anchor);
  setText(label, edge.label);
}

/** How fast an edge moves; a picture, not a measurement. */
function speedOf(flow) {
  if (flow <= 0) return "none";
  if (flow < 20) return "slow";
  return flow < 400 ? "steady" : "fast";
}

function makeNode(node, plan) {
  if (node.kind === "users") return makeUsers(node, plan);
  const member = node.kind === "member";
  const compact = member && plan.compact;
  const top = compact ? 15 : 20; // the middle of the first line
  const mark = glyph(node.state);
  for (const [name, value] of Object.entries({ x: EDGE, y: top - 6, width: 12, height: 12 })) mark.setAttribute(name, value);
  const group = svg("g", { class: `node node-${node.kind}` }, svg("rect", { class: "node-frame", rx: 8 }), mark,
    svg("text", { class: "node-title", x: 32, y: top + 4.5 }));
  const line = compact
    ? svg("text", { class: "node-line", y: top + 4, "text-anchor": "end" })
    : svg("text", { class: "node-line", x: EDGE, y: member ? 41 : 60 });
  if (member) group.append(svg("text", { class: "node-state", y: top + 4, "text-anchor": "end" }), line);
  else {
    group.append(svg("text", { class: "node-state", x: EDGE, y: 42 }),
      svg("text", { class: "node-line node-beside", y: 42, "text-anchor": "end" }), line);
    line.classList.add("node-last");
  }
  return group;
}

function makeUsers(node, plan) {
  const { w } = plan.boxes.get(node.id);
  const icon = svg("path", { class: "node-icon", d: ICONS.users, transform: `translate(${w / 2 - 12} 6)` });
  return svg("g", { class: "node node-users" }, icon,
    svg("text", { class: "node-title", x: w / 2, y: 44, "text-anchor": "middle" }, node.title),
    svg("text", { class: "node-line", x: w / 2, y: 62, "text-anchor": "middle" }));
}
