// The three charts of the last ten minutes, on uPlot.

import { byId, el, setText } from "./dom.js";
import { count, latencyText, rate } from "./format.js";

const SPAN = 600; // s that are kept and shown
const LEAST_SPAN = 60; // s that are shown of a node that has just started
const HEIGHT = 124; // px

/** Each chart: what it is called, which columns of /api/v1/series it draws, how its figures are written. */
const CHARTS = [
  { id: "chart-rate", title: "Requests per second", format: rate, tick: count, least: 10,
    lines: [{ column: "requests_per_second", name: "requests", colour: "--chart-rate", fill: true }] },
  { id: "chart-latency", title: "Latency", format: latencyText, tick: latencyTick, least: 5,
    lines: [
      { column: "p99_ms", name: "p99", colour: "--chart-p99", width: 2 },
      { column: "p90_ms", name: "p90", colour: "--chart-p90", width: 1.5 },
      { column: "p50_ms", name: "p50", colour: "--chart-p50", width: 1.5, dash: [4, 3] },
    ] },
  { id: "chart-errors", title: "Errors per second", format: rate, tick: (value) => (Number.isInteger(value) ? count(value) : ""), least: 2,
    lines: [{ column: "errors_per_second", name: "errors", colour: "--chart-errors", fill: true }] },
];

export class Charts {
  #columns = { time: [] };
  #plots = [];

  constructor() {
    for (const chart of CHARTS) drawFrame(chart);
    this.#build();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
  }

  /** Takes the whole series, at the start and after a reconnection. */
  all(columns) {
    this.#columns = columns;
    this.#show();
  }

  /** Takes the seconds that are new. */
  add(columns) {
    const newest = this.#columns.time.at(-1) ?? 0;
    const first = columns.time.findIndex((time) => time > newest);
    if (first < 0) return;
    for (const [name, values] of Object.entries(columns)) {
      if (Array.isArray(values)) (this.#columns[name] ??= []).push(...values.slice(first));
    }
    const outdated = this.#columns.time.findIndex((time) => time >= this.#columns.time.at(-1) - SPAN);
    for (const values of Object.values(this.#columns)) if (Array.isArray(values)) values.splice(0, Math.max(0, outdated));
    this.#show();
  }

  /** Draws anew in the colours of the theme: a canvas does not follow style sheets. */
  recolour() {
    for (const { plot } of this.#plots) plot.destroy();
    this.#build();
    this.#show();
  }

  #build() {
    this.#plots = CHARTS.map((chart) => {
      const frame = byId(chart.id).querySelector(".chart-frame");
      const plot = new window.uPlot(optionsOf(chart, frame.clientWidth), [[], ...chart.lines.map(() => [])], frame);
      const observer = new ResizeObserver(() => plot.setSize({ width: frame.clientWidth, height: HEIGHT }));
      observer.observe(frame);
      plot.hooks.destroy = [() => observer.disconnect()];
      return { chart, plot };
    });
  }

  #show() {
    const time = this.#columns.time;
    const end = time.at(-1) ?? Date.now() / 1000;
    const start = Math.max(end - SPAN, Math.min(end - LEAST_SPAN, time[0] ?? end));
    for (const { chart, plot } of this.#plots) {
      plot.setData([time, ...chart.lines.map((line) => this.#columns[line.column] ?? [])], false);
      plot.setScale("x", { min: start, max: end });
    }
  }
}

function drawFrame(chart) {
  byId(chart.id).append(
    el("figcaption", {}, el("h2", {}, chart.title), el("p", { class: "legend" }, ...chart.lines.map((line) =>
      el("span", { class: "legend-entry", "data-column": line.column },
        el("span", { class: `legend-mark ${line.colour.slice(2)}`, "aria-hidden": "true" }), `${line.name} `, el("b", {}, "–"))))),
    el("div", { class: "chart-frame" }));
}

/** The value of a style sheet's variable as a colour that a canvas understands. */
function colour(name) {
  const probe = el("span", { class: `probe ${name.slice(2)}` });
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function optionsOf(chart, width) {
  const quiet = colour("--chart-axis");
  const grid = { stroke: colour("--chart-grid"), width: 1 };
  const axis = { stroke: quiet, grid, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  return {
    width, height: HEIGHT, legend: { show: false }, padding: [8, 14, 0, 0],
    cursor: { sync: { key: "ladder" }, drag: { x: false, y: false }, points: { size: 6 }, y: false },
    scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(chart.least, (max ?? 0) * 1.15)] } },
    axes: [
      { ...axis, grid: { show: false }, space: 70, size: 24, values: (_, ticks, __, ___, step) => ticks.map((tick) => clockOf(tick, step)) },
      { ...axis, space: 30, size: 50, values: (_, ticks) => ticks.map(chart.tick) },
    ],
    series: [{}, ...chart.lines.map(seriesOf)],
    hooks: { setLegend: [(plot) => showLegend(chart, plot)], setData: [(plot) => showLegend(chart, plot)] },
  };
}

function seriesOf(line) {
  const stroke = colour(line.colour);
  return {
    stroke, width: line.width ?? 1.5, dash: line.dash, points: { show: false }, spanGaps: false,
    fill: line.fill ? stroke.replace("rgb(", "rgba(").replace(")", ", 0.14)") : undefined,
  };
}

/** 250 → "250 ms", 1500 → "1.5 s". */
function latencyTick(value) {
  if (value === 0) return "0";
  return value < 1000 ? `${value} ms` : `${value / 1000} s`;
}

/** 14:03, or 14:03:20 where ticks are less than a minute apart. */
function clockOf(seconds, step) {
  const second = step < 60 ? "2-digit" : undefined;
  return new Date(seconds * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second });
}

/** The figures under the pointer, else the newest ones. */
function showLegend(chart, plot) {
  const index = plot.cursor.idx ?? plot.data[0].length - 1;
  const frame = byId(chart.id);
  chart.lines.forEach((line, i) => {
    const value = plot.data[i + 1]?.[index];
    setText(frame.querySelector(`[data-column="${line.column}"] b`), value === null || value === undefined ? "–" : chart.format(value));
  });
}
