// The table of events, with what somebody said of each.

const ANSWERS = ["real", "false", "unknown"];

/** Returns when an event began: the client's time in words, its number, or the row's. */
export function begins({ start }) {
  if (start.time === undefined) return `row ${start.seq ?? start.row}`;
  const at = new Date(typeof start.time === "number" ? start.time * 1000 : start.time);
  return Number.isNaN(at.getTime()) ? String(start.time) : at.toISOString().replace("T", " ").slice(0, 19);
}

/** Returns the channels to blame, the first three of them, with their shares. */
function blame({ channels, cause }) {
  const shares = Object.entries(channels ?? {}).slice(0, 3);
  const said = shares.map(([name, share]) => `${name} ${Math.round(100 * share)} %`).join(", ");
  return cause && cause !== "value" ? `${said} (${cause})` : said;
}

const figure = (value) => Number(value).toLocaleString("en", { maximumSignificantDigits: 3 });

function cell(row, label, text) {
  const made = row.insertCell();
  made.dataset.label = label; // what a narrow screen shows in place of the table's head
  made.textContent = text;
}

/** Fills the table's body; say(event, answer) is called when a button is pressed. */
export function showEvents(body, events, say) {
  body.replaceChildren();
  for (const event of events) {
    const row = body.insertRow();
    row.className = event.ended ? "" : "open";
    cell(row, "begins", begins(event));
    cell(row, "stream", event.stream);
    cell(row, "to blame", blame(event));
    cell(row, "rows", event.ended ? event.alarms : `${event.alarms}, goes on`);
    cell(row, "score", figure(event.score));
    const answers = row.insertCell();
    answers.className = "answers";
    for (const answer of ANSWERS) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = answer;
      button.setAttribute("aria-pressed", String(event.feedback === answer));
      button.setAttribute("aria-label", `event ${event.id} was ${answer}`);
      button.addEventListener("click", () => say(event, answer));
      answers.append(button);
    }
  }
}
