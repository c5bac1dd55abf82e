// The few words in which the other modules speak of the page. Text only ever becomes textContent, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** The element with that id; a missing one is a mistake of the page. */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/** Makes an HTML element: attributes by name, children as elements or text. */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** Makes an SVG element. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A text in which `words between backticks` are code, as nodes. */
export function prose(text) {
  return text.split("`").map((part, i) => (i % 2 ? el("code", {}, part) : document.createTextNode(part)));
}

/** Sets text only where it differs, so that screen readers and selections are left alone. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute only where it differs. */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

/**
 * Brings the children of a parent in line with a list, keeping the elements of items that stay: make(item) builds one,
 * update(element, item) fills it, key(item) tells items apart.
 */
export function reconcile(parent, items, key, make, update) {
  const present = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let position = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let element = present.get(name);
    present.delete(name);
    if (!element) {
      element = make(item);
      element.dataset.key = name;
    }
    if (element === position) position = position.nextElementSibling;
    else parent.insertBefore(element, position);
    update(element, item);
  }
  for (const gone of present.values()) gone.remove();
}

/** Shapes that say a state without colour. They are drawn in a 12 × 12 box. */
const GLYPHS = {
  up: "M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1z",
  starting: "M6 1.8a4.2 4.2 0 1 1-4.2 4.2M6 6V3.4",
  draining: "M6 1a5 5 0 0 1 0 10z M6 1.6a4.4 4.4 0 0 0 0 8.8",
  down: "M2.5 2.5l7 7M9.5 2.5l-7 7",
  unknown: "M2 6h8",
  info: "M6 3.6a2.4 2.4 0 1 1 0 4.8 2.4 2.4 0 0 1 0-4.8z",
  warning: "M6 1.2L11 10.5H1z",
  critical: "M3.9 1h4.2L11 3.9v4.2L8.1 11H3.9L1 8.1V3.9z",
  check: "M2 6.4l2.8 2.8L10 3.4",
};

/** A shape for a state or severity; data-state on it chooses the colour. */
export function glyph(state) {
  return svg("svg", { class: "glyph", viewBox: "0 0 12 12", "aria-hidden": "true", "data-state": state },
    svg("path", { d: GLYPHS[state] ?? GLYPHS.unknown }));
}

/** Changes the shape that glyph() made. */
export function setGlyph(element, state) {
  if (element.dataset.state === state) return;
  element.dataset.state = state;
  element.querySelector("path").setAttribute("d", GLYPHS[state] ?? GLYPHS.unknown);
}
