// What the topology shows: the parts of a status as nodes and the ways between them as edges. Pure: no page here.

import { bytes, count, plural, rate } from "./format.js";
import { MOST_MEMBERS } from "./layout.js";

/** The tiers of a status from users to database, and the edges; rates tells requests per second of a member. */
export function graphOf(status, rates) {
  const tiers = [];
  if (status.gateway) tiers.push([usersOf(status.gateway)], [gatewayOf(status)]);
  const members = membersOf(status, rates);
  if (members.length) tiers.push(members);
  if (status.database.kind !== "none") tiers.push([databaseOf(status.database)]);
  return { tiers, edges: edgesOf(tiers, status.gateway) };
}

function usersOf(gateway) {
  return { id: "users", kind: "users", title: "Users", state: "up", line: `${count(gateway.connections)} connected` };
}

function gatewayOf(status) {
  const ready = status.pools.some((pool) => pool.members.some((member) => member.state === "up"));
  return {
    id: "gateway", kind: "gateway", title: "Gateway", state: ready ? "up" : "down", label: ready ? "up" : "answers 503",
    beside: ready ? portsOf(status.gateway.listen) : "", line: ready ? `${count(status.gateway.in_flight)} in flight` : "no server ready",
  };
}

/** 127.0.0.1:8080 → :8080, which is what one looks for; the whole address stands in the file. */
const portsOf = (addresses) => addresses.map((address) => address.slice(address.lastIndexOf(":"))).join(" ");

function membersOf(status, rates) {
  const all = status.pools.flatMap((pool) => pool.members.map((member) => memberOf(pool, member, rates)));
  if (all.length <= MOST_MEMBERS) return all;
  const rest = all.slice(MOST_MEMBERS - 1);
  const up = rest.filter((member) => member.state === "up").length;
  return [...all.slice(0, MOST_MEMBERS - 1), {
    id: "rest", kind: "member", title: `and ${rest.length} more`, state: up ? "up" : "down", label: `${up} up`,
    flow: rest.reduce((sum, member) => sum + member.flow, 0), line: "", brief: "",
  }];
}

function memberOf(pool, member, rates) {
  const flow = rates.of(pool.name, member.name);
  const busy = `${flow === null ? "" : `${rate(flow)} req/s · `}${count(member.in_flight)} in flight`;
  return {
    id: `${pool.name}/${member.name}`, kind: "member", title: member.name, state: member.state, label: member.state, flow: flow ?? 0,
    line: member.state === "up" || member.in_flight > 0 ? busy : member.reason || "gets no requests",
    brief: flow ? `${rate(flow)}/s` : "",
  };
}

const DATABASE_STATES = { up: "up", starting: "starting", recovering: "starting", down: "down", unknown: "unknown" };

function databaseOf(database) {
  return {
    id: "database", kind: "database", title: "PostgreSQL", state: DATABASE_STATES[database.state] ?? "unknown",
    label: database.state === "unknown" ? "not watched" : database.state,
    beside: database.state === "up" ? database.version : "", line: aboutDatabase(database),
  };
}

function aboutDatabase(database) {
  if (database.kind === "external") return "run elsewhere";
  if (database.state !== "up") return database.reason || "takes no connections";
  if (database.connections) return plural(database.connections, "connection");
  return database.size_bytes ? bytes(database.size_bytes) : database.listen;
}

function edgesOf(tiers, gateway) {
  const edges = [];
  for (let i = 0; i + 1 < tiers.length; i++) {
    for (const from of tiers[i]) {
      for (const to of tiers[i + 1]) {
        if (from.kind !== "gateway" || to.kind === "member") edges.push(edgeOf(from, to, gateway)); // it never asks the database
      }
    }
  }
  const most = Math.max(...edges.map((edge) => edge.flow), 0);
  for (const edge of edges) edge.share = most > 0 ? edge.flow / most : 0;
  return edges;
}

/** Requests flow to members that are up; what passes between a member and the database is not measured on this rung. */
function edgeOf(from, to, gateway) {
  const edge = { id: `${from.id}→${to.id}`, from: from.id, to: to.id, flow: 0, label: "", open: true };
  if (to.kind === "gateway") {
    edge.flow = gateway.requests_per_second;
    edge.label = `${rate(edge.flow)}/s`;
  } else if (to.kind === "member") {
    edge.flow = to.flow;
    edge.open = to.state === "up" || to.flow > 0;
  } else {
    edge.open = from.state !== "down" && to.state !== "down";
  }
  return edge;
}

/** The state of everything in a few words. */
export function summaryOf(status) {
  const members = status.pools.flatMap((pool) => pool.members);
  const up = members.filter((member) => member.state === "up").length;
  const parts = members.length ? [up === members.length ? "all servers up" : `${up} of ${plural(members.length, "server")} up`] : [];
  if (status.database.kind !== "none") parts.push(`${status.database.kind} database`);
  return parts.join(" · ");
}

/** One sentence for those who cannot see the picture. */
export function sentenceOf(status) {
  const parts = [];
  if (status.gateway) {
    parts.push(`Users reach the gateway with ${rate(status.gateway.requests_per_second)} requests per second`);
  }
  for (const pool of status.pools) {
    const up = pool.members.filter((member) => member.state === "up");
    const rest = pool.members.filter((member) => member.state !== "up").map((member) => `${member.name} is ${member.state}`);
    parts.push([`${up.length} of ${plural(pool.members.length, "server")} of pool ${pool.name} up`, ...rest].join(", "));
  }
  if (status.database.kind !== "none") parts.push(`the ${status.database.kind} database is ${status.database.state}`);
  return `${parts.join("; ")}.`;
}
