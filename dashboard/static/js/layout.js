// Where the parts of the topology stand. Pure: figures in, boxes out; pixels, from the top left.

/** Below this width the picture runs from top to bottom instead of from left to right. */
export const NARROW = 560;
/** More members than this are summed up in one box. */
export const MOST_MEMBERS = 10;
/** More members than this are drawn on one line each. */
const ROOMY_MEMBERS = 4;

const WIDTH = { users: 92, gateway: 132, member: 174, database: 132 };
const HEIGHT = { users: 76, gateway: 76, database: 76, member: 54, compact: 30 };
const GAP = { row: 10, tier: 44 };

/**
 * Arranges tiers, each a list of {id, kind} from users to database, in a width. Returns the height, whether members are
 * compact, and the boxes by id.
 */
export function arrange(tiers, width) {
  const members = tiers.reduce((most, tier) => Math.max(most, tier.length), 0);
  const compact = members > ROOMY_MEMBERS;
  const size = ({ kind }) => ({ w: WIDTH[kind], h: kind === "member" && compact ? HEIGHT.compact : HEIGHT[kind] });
  return { compact, ...(width < NARROW ? downwards : sideways)(tiers, width, size) };
}

function sideways(tiers, width, size) {
  const tall = (tier) => tier.reduce((sum, node) => sum + size(node).h, 0) + GAP.row * Math.max(0, tier.length - 1);
  const wide = (tier) => Math.max(...tier.map((node) => size(node).w));
  const height = Math.max(...tiers.map(tall), 0);
  const free = width - tiers.reduce((sum, tier) => sum + wide(tier), 0);
  const gap = tiers.length > 1 ? free / (tiers.length - 1) : 0;
  const boxes = new Map();
  let x = tiers.length > 1 ? 0 : free / 2;
  for (const tier of tiers) {
    let y = (height - tall(tier)) / 2;
    for (const node of tier) {
      const { w, h } = size(node);
      boxes.set(node.id, { x: Math.round(x), y: Math.round(y), w, h });
      y += h + GAP.row;
    }
    x += wide(tier) + gap;
  }
  return { vertical: false, height, boxes };
}

function downwards(tiers, width, size) {
  const boxes = new Map();
  let y = 0;
  for (const tier of tiers) {
    const { w, h } = size(tier[0]);
    const columns = tier.length > 1 ? Math.max(1, Math.min(tier.length, Math.floor((width + GAP.row) / (w * 0.8 + GAP.row)))) : 1;
    const each = columns > 1 ? Math.min(w, (width - GAP.row * (columns - 1)) / columns) : Math.min(w, width);
    tier.forEach((node, i) => {
      const row = Math.floor(i / columns);
      const inRow = Math.min(columns, tier.length - row * columns);
      const left = (width - inRow * each - (inRow - 1) * GAP.row) / 2;
      boxes.set(node.id, {
        x: Math.round(left + (i % columns) * (each + GAP.row)), y: Math.round(y + row * (h + GAP.row)), w: Math.round(each), h,
      });
    });
    const rows = Math.ceil(tier.length / columns);
    y += rows * h + (rows - 1) * GAP.row + GAP.tier;
  }
  return { vertical: true, height: Math.max(0, y - GAP.tier), boxes };
}

/** The curve between two boxes. */
export function curve(from, to, vertical) {
  if (vertical) {
    const [x1, y1, x2, y2] = [from.x + from.w / 2, from.y + from.h, to.x + to.w / 2, to.y];
    const bend = (y2 - y1) / 2;
    return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`;
  }
  const [x1, y1, x2, y2] = [from.x + from.w, from.y + from.h / 2, to.x, to.y + to.h / 2];
  const bend = (x2 - x1) / 2;
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

/** Where a label of an edge stands. */
export function midpoint(from, to, vertical) {
  if (vertical) return { x: (from.x + from.w / 2 + to.x + to.w / 2) / 2 + 8, y: (from.y + from.h + to.y) / 2 + 4, anchor: "start" };
  return { x: (from.x + from.w + to.x) / 2, y: (from.y + from.h / 2 + to.y + to.h / 2) / 2 - 9, anchor: "middle" };
}
