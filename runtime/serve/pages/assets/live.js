// The live page: what is shown follows the feed, and is asked anew where the feed was interrupted.

import { get, listen, post, Refused, setKey, streams } from "./api.js";
import { Charts } from "./charts.js";
import { showEvents } from "./events.js";
import { counts, showStreams, stateOf } from "./stream_list.js";

const at = (id) => document.getElementById(id);
const shown = { streams: [], chosen: null, channel: 0 };
const charts = new Charts(at("values"), at("surprise"));
let stale = { list: true, stream: true, events: true };

function connection(text, lost = false) {
  at("connection").textContent = text;
  at("connection").className = lost ? "lost" : "";
}

function choose(name) {
  shown.chosen = name;
  shown.channel = 0;
  at("channel").replaceChildren();
  history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  stale = { list: true, stream: true, events: true };
  refresh();
}

async function refreshList() {
  shown.streams = await streams();
  const wanted = at("filter").value.trim().toLowerCase();
  const found = shown.streams.filter((one) => one.stream.toLowerCase().includes(wanted));
  const more = showStreams(at("streams"), found, shown.chosen, choose);
  at("states").textContent = counts(shown.streams) + (more ? ` (${more} more: use Find)` : "");
  at("no-streams").hidden = shown.streams.length > 0;
  if (!shown.chosen && found.length) {
    const first = found.find((one) => stateOf(one) === "alarm") ?? found[0];
    choose(first.stream);
  }
}

function facts(one) {
  const left = one.credit == null ? "" : ` Budget left: ${one.credit} events.`;
  const silent = one.silent === undefined ? "Not heard of since the service began."
    : `Last sample ${Math.round(one.silent)} s ago.`;
  const frozen = one.frozen ? ` ${one.frozen} of its channels stand still.` : "";
  const drift = one.drift == null ? "" : ` Drift: ${one.drift} (index of population stability)`
    + `${one.suggests ? ", far from calibration: see stillwatch recalibrate" : ""}.`;
  return `${one.model}; ${one.rows.toLocaleString("en")} rows; `
    + `${one.alarm ? "under alarm" : "calm"}. ${silent}${left}${frozen}${drift}`;
}

async function refreshStream() {
  const one = shown.streams.find(({ stream }) => stream === shown.chosen);
  at("stream-name").textContent = shown.chosen;
  at("facts").textContent = one ? facts(one) : "No such stream.";
  if (!one) return;
  const limit = Number(at("span").value);
  const rows = await get(`/streams/${encodeURIComponent(one.stream)}/rows?limit=${limit}`);
  if (rows.stream !== shown.chosen) return;
  if (!at("channel").options.length)
    at("channel").replaceChildren(...rows.channels.map((name, i) => new Option(name, i)));
  charts.show(rows, shown.channel);
}

async function refreshEvents() {
  const all = at("all-events").checked || !shown.chosen;
  const path = all ? "/events" : `/streams/${encodeURIComponent(shown.chosen)}/events`;
  const found = (await get(`${path}?limit=100&newest=true`)).events;
  at("no-events").hidden = found.length > 0;
  showEvents(at("events"), found, async (event, answer) => {
    await asked(() => post(`/events/${event.id}/feedback`, { feedback: answer }));
    stale.events = true;
    refresh();
  });
}

/** Runs what asks the service; says what went wrong, and wants a key where one is missing. */
async function asked(question) {
  try {
    await question();
    return true;
  } catch (error) {
    const keyless = error instanceof Refused && [401, 403].includes(error.status);
    at("key-form").hidden = !keyless;
    connection(keyless ? `a key is wanted: ${error.message}` : `no answer: ${error.message}`, true);
    return false;
  }
}

let busy = false;
async function refresh() {
  if (busy || document.hidden) return;
  busy = true;
  const work = stale;
  stale = { list: false, stream: false, events: false };
  await asked(async () => {
    if (work.list) await refreshList();
    if (work.stream && shown.chosen) await refreshStream();
    if (work.events) await refreshEvents();
  });
  busy = false;
}

function heard(kind, data) {
  stale.list = true;
  if (data.stream === shown.chosen && at("follow").checked) stale.stream = true;
  if (kind === "event" || kind === "lost") stale.events = true;
}

async function follow() {
  for (;;) {
    stale = { list: true, stream: true, events: true };
    const answered = await asked(async () => {
      const feed = listen(heard);
      connection("live");
      at("key-form").hidden = true;
      await feed;
    });
    if (answered) connection("the service has ended the feed; trying again", true);
    await new Promise((wake) => setTimeout(wake, 2000));
  }
}

at("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  setKey(at("key").value.trim());
  at("key").value = "";
  stale = { list: true, stream: true, events: true };
});
at("filter").addEventListener("input", () => { stale.list = true; refresh(); });
at("all-events").addEventListener("change", () => { stale.events = true; refresh(); });
at("span").addEventListener("change", () => { stale.stream = true; refresh(); });
at("channel").addEventListener("change", () => {
  shown.channel = Number(at("channel").value);
  stale.stream = true;
  refresh();
});
addEventListener("visibilitychange", refresh);
if (location.hash) shown.chosen = decodeURIComponent(location.hash.slice(1));
setInterval(refresh, 1000);
setInterval(() => { stale.list = true; stale.stream ||= at("follow").checked; }, 10_000);
follow();
refresh();
