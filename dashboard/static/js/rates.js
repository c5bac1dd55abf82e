// Requests per second of each member, from the totals of successive statuses.

const WINDOW = 3_000; // ms that a rate is taken over

export class MemberRates {
  #readings = new Map(); // by member: [{at, handled}], oldest first

  /** Takes a status that arrived now and forgets members that are gone. */
  observe(pools, now = performance.now()) {
    const seen = new Set();
    for (const pool of pools) {
      for (const member of pool.members) {
        const key = `${pool.name}/${member.name}`;
        seen.add(key);
        this.#add(key, { at: now, handled: member.handled });
      }
    }
    for (const key of this.#readings.keys()) if (!seen.has(key)) this.#readings.delete(key);
  }

  #add(key, reading) {
    const readings = this.#readings.get(key) ?? [];
    if (readings.length && reading.handled < readings.at(-1).handled) readings.length = 0; // a new process
    readings.push(reading);
    while (readings.length > 2 && reading.at - readings[1].at >= WINDOW) readings.shift();
    this.#readings.set(key, readings);
  }

  /** Requests per second of a member; null until there are two readings. */
  of(pool, member) {
    const readings = this.#readings.get(`${pool}/${member}`) ?? [];
    if (readings.length < 2) return null;
    const [first, last] = [readings[0], readings.at(-1)];
    return last.at > first.at ? (1000 * (last.handled - first.handled)) / (last.at - first.at) : 0;
  }
}
