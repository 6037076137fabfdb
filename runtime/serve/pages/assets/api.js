// What the page asks of the service: JSON, and the live feed. A key is kept for this tab only.

const KEY = "stillwatch-key";

/** An answer that is none: status, and what the service said. */
export class Refused extends Error {
  constructor(status, said) {
    super(said);
    this.status = status;
  }
}

export const setKey = (key) => sessionStorage.setItem(KEY, key);

function headers(more = {}) {
  const key = sessionStorage.getItem(KEY);
  return key ? { ...more, Authorization: `Bearer ${key}` } : more;
}

async function refuse(answer) {
  const said = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, said.error ?? answer.statusText);
}

/** Returns the JSON at a path of the API; throws Refused. */
export async function get(path) {
  const answer = await fetch(`/v1${path}`, { headers: headers(), cache: "no-store" });
  return answer.ok ? answer.json() : refuse(answer);
}

/** Posts JSON to a path of the API and returns the answer's; throws Refused. */
export async function post(path, body) {
  const answer = await fetch(`/v1${path}`, {
    method: "POST",
    headers: headers({ "Content-Type": "application/json" }),
    body: JSON.stringify(body),
  });
  return answer.ok ? answer.json() : refuse(answer);
}

/** Returns all streams, a thousand a call. */
export async function streams() {
  const found = [];
  for (;;) {
    const after = found.length ? `&after=${encodeURIComponent(found.at(-1).stream)}` : "";
    const page = (await get(`/streams?limit=1000${after}`)).streams;
    const pulse = (await get(`/pulse?limit=1000${after}`)).streams;
    found.push(...page.map((one) => ({ ...one, ...pulse[one.stream] })));
    if (page.length < 1000) return found;
  }
}

/** Calls heard(kind, data) for what happens, until the connection ends; throws Refused. */
export async function listen(heard) {
  const answer = await fetch("/v1/live", { headers: headers(), cache: "no-store" });
  if (!answer.ok) return refuse(answer);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return undefined;
    const messages = (rest + value).split("\n\n");
    rest = messages.pop();
    for (const message of messages) {
      const [, kind, data] = message.match(/^event: (.*)\ndata: (.*)$/) ?? [];
      if (kind) heard(kind, JSON.parse(data));
    }
  }
}
