// Puts the page together: what comes over the stream goes to the parts that show it.

import { Account } from "./account.js";
import { Charts } from "./charts.js";
import { Feed } from "./feed.js";
import { Header } from "./header.js";
import { Events, showWarnings } from "./lists.js";
import { Members } from "./members.js";
import { drawNumbers, showNumbers } from "./numbers.js";
import { MemberRates } from "./rates.js";
import { drawRungs, showRung } from "./rungs.js";
import { Topology } from "./topology.js";

drawRungs();
drawNumbers();
const charts = new Charts();
const header = new Header(() => charts.recolour());
const account = new Account();
const rates = new MemberRates();
const topology = new Topology(rates);
const members = new Members((name, busy) => account.restart(name, busy));
const events = new Events();
let version = "";

function show(status) {
  if (version && version !== status.version) {
    location.reload(); // another Ladder has another page
    return;
  }
  version = status.version;
  rates.observe(status.pools);
  header.show(status);
  showRung(status.rung.number);
  showNumbers(status);
  topology.show(status);
  showWarnings(status.warnings);
  events.all(status.events, status.started);
  members.show(status);
}

new Feed({
  status: show,
  sample: (columns) => charts.add(columns),
  event: (event) => events.one(event),
  warnings: showWarnings,
  series: (columns) => charts.all(columns),
  state: (name) => header.state(name),
}).start();
account.refresh();
