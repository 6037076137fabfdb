// Scores a CSV in JavaScript from a capsule alone. Copy this file and capsule.mjs beside it, then:
//
//   npm install onnxruntime-node       (or onnxruntime-web: WebAssembly, no native code)
//   node score.mjs MODEL.onnx SERIES.csv [--engine onnxruntime-web] [--column NAME ...]
//
// Prints the rows with score and alarm behind them. Plain numbers only: no cell is empty or quoted.
// Of a capsule made by 'stillwatch export --judge' the alarm is the judge's, and its surprise, in
// nats, stands beside it.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { historyOf, readInfo, scaler } from "./capsule.mjs";

process.env.ORT_DISABLE_TELEMETRY ??= "1"; // or onnxruntime 1.29 and later report on their use

const text = { type: "string" };
const options = { engine: text, scaling: text, column: { ...text, multiple: true } };
const { values: asked, positionals } = parseArgs({ options, allowPositionals: true });
const { InferenceSession, Tensor } = await import(asked.engine ?? "onnxruntime-node");

const [model, csv] = positionals.map((path) => readFileSync(path));
const info = readInfo(model);
const [header, ...lines] = csv.toString().trim().split(/\r?\n/).map((line) => line.split(","));
const names = asked.column ?? info.channels.map(({ name }) => name);
const places = names.map((name) => header.indexOf(name));
const rows = lines.map((cells) => places.map((i) => (cells[i]?.trim() ? Number(cells[i]) : NaN)));
if (!rows.flat().every(Number.isFinite)) throw new Error("a column or a number is missing");

const session = await InferenceSession.create(model, { logSeverityLevel: 3 });
const policy = asked.scaling ?? info.scaling;
// What is fed for an input that has a default is ignored without a word.
if (policy !== "trained" && !session.inputNames.includes("mean"))
  throw new Error(`${policy} scaling wants a capsule exported with --plain-inputs`);

const scaling = scaler(info, policy, rows);
const history = historyOf(policy);
const tensor = (data, shape) => new Tensor("float32", Float32Array.from(data), shape);
const zeros = (...shape) => tensor(Array(shape.reduce((a, b) => a * b)).fill(0), shape);
const judged = session.inputNames.includes("judge");
const size = info.graph_judge?.state.length; // of the judge's state, which begins as zeros
let judge = judged && new Tensor("float64", new Float64Array(size), [size, 1]);

// Returns what the graph says of the rows from one place to another; the judge's state goes on.
async function run(from, to, moments) {
  const local = rows.slice(from, to).map((_, i) => moments(from + i));
  const shape = [1, to - from, names.length];
  const feeds = {
    values: tensor(rows.slice(from, to).flat(), shape),
    mean: tensor(local.flatMap(({ mean }) => mean), shape),
    scale: tensor(local.flatMap(({ scale }) => scale), shape),
    threshold: tensor([info.threshold.value], []),
    ...(info.state
      ? { h: zeros(1, 1, info.state), c: zeros(1, 1, info.state) }
      : { count: tensor([info.threshold.count ?? 0], []) }),
    judge,
  };
  const wanted = session.inputNames.map((name) => [name, feeds[name]]);
  const answer = await session.run(Object.fromEntries(wanted));
  judge = answer.judge_out;
  return answer;
}

const answers = lines.map(() => (judged ? ["", 0, ""] : ["", 0]));
const figure = (value) => (Number.isNaN(value) ? "" : value.toPrecision(9));
// Rows that only fill the history have no score: the judge learns them, by an infinite scale.
const unknown = { mean: names.map(() => 0), scale: names.map(() => Infinity) };
if (judged && history) await run(0, Math.min(history, rows.length), () => unknown);
for (let start = history; start < rows.length; start += info.window) {
  // A model that carries no state wants whole windows: the last one answers for what is left.
  const last = Math.max(history, rows.length - info.window);
  const from = info.state ? start : Math.min(start, last);
  const to = Math.min(from + info.window, rows.length);
  const before = judge;
  let { score, alarm, surprise } = await run(from, to, scaling);
  if (judged && from < start) {
    judge = before; // it takes each row once: of a window that reaches back, what is new
    ({ alarm, surprise } = await run(start, to, scaling));
  }
  const back = score.data.length - alarm.data.length;
  for (let i = start - from; i < score.data.length; i++) {
    const said = [score.data[i].toPrecision(9), alarm.data[i - back]];
    answers[from + i] = judged ? [...said, figure(surprise.data[i - back])] : said;
  }
}
console.log([...header, "score", "alarm", ...(judged ? ["surprise"] : [])].join());
lines.forEach((cells, i) => console.log([...cells, ...answers[i]].join()));
