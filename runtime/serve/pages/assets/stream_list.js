// The list of streams, those under alarm first, then those that are silent.

const SILENT = 120; // seconds without a sample, where the service has no figures of the stream
const ORDER = ["alarm", "silent", "calm"];
const WORDS = { alarm: "under alarm", silent: "silent", calm: "calm" };

export function stateOf(stream) {
  if (stream.alarm) return "alarm";
  const silent = stream.no_data == null ? !(stream.silent <= SILENT) : stream.no_data === 1;
  return silent ? "silent" : "calm";
}

/** Returns "1 under alarm, 20 calm". */
export function counts(streams) {
  const found = ORDER.map((state) => [state, streams.filter((one) => stateOf(one) === state).length]);
  return found.filter(([, count]) => count).map(([state, count]) => `${count} ${WORDS[state]}`).join(", ");
}

/** Fills the list with at most `most` streams; choose(name) is called when one is pressed. */
export function showStreams(list, streams, chosen, choose, most = 300) {
  const ordered = [...streams].sort((a, b) => ORDER.indexOf(stateOf(a)) - ORDER.indexOf(stateOf(b)));
  const had = list.contains(document.activeElement) ? document.activeElement.dataset.stream : null;
  list.replaceChildren(...ordered.slice(0, most).map((one) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `state ${stateOf(one)}`;
    button.dataset.stream = one.stream;
    button.setAttribute("aria-current", String(one.stream === chosen));
    button.append(one.stream);
    const about = document.createElement("small");
    about.textContent = `${WORDS[stateOf(one)]}; ${one.rows.toLocaleString("en")} rows; ${one.model}`;
    button.append(about);
    button.addEventListener("click", () => choose(one.stream));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }));
  if (had) [...list.querySelectorAll("button")].find((b) => b.dataset.stream === had)?.focus();
  return Math.max(0, ordered.length - most);
}
