// How figures are written. Everything is in English and in the units of the API's field names.

const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** 1234567 → "1,234,567". */
export const whole = (value) => plain.format(value);

/** 1234567 → "1.2M"; below 100,000 in full. */
export const count = (value) => (Math.abs(value) < 100_000 ? plain.format(value) : short.format(value));

/** A rate per second: 0, 0.4, 12, 1,234. */
export function rate(value) {
  if (value === 0) return "0";
  if (value < 0.05) return "<0.1";
  return value < 9.95 ? value.toFixed(1) : count(value);
}

/** Milliseconds as number and unit: [0.42, "ms"], ["1.25", "s"]. */
export function latency(milliseconds) {
  if (!(milliseconds > 0)) return ["–", ""];
  if (milliseconds < 1) return [milliseconds.toFixed(2), "ms"];
  if (milliseconds < 10) return [milliseconds.toFixed(1), "ms"];
  if (milliseconds < 1000) return [milliseconds.toFixed(0), "ms"];
  return [(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1), "s"];
}

/** The same as one text. */
export const latencyText = (milliseconds) => latency(milliseconds).join(" ").trim();

/** 52428800 → "50 MiB". */
export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`;
}

/** Seconds → "42 s", "3 min", "2 h 5 min", "4 d 3 h". */
export function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${Math.floor(hours / 24)} d`;
}

/** How long ago an API time was; "" when there is none. */
export function since(time, now = Date.now()) {
  const at = Date.parse(time ?? "");
  return at > 0 ? duration((now - at) / 1000) : "";
}

/** 14:03:12 in the viewer's own time. */
export function clock(time) {
  const at = time instanceof Date ? time : new Date(time);
  return at.toLocaleTimeString("en-GB");
}

/** "1 instance", "3 instances". */
export const plural = (n, word) => `${whole(n)} ${word}${n === 1 ? "" : "s"}`;
