// Scores a CSV in JavaScript from a capsule alone. Copy this file and capsule.mjs beside it, then:
//
//   npm install onnxruntime-node       (or onnxruntime-web: WebAssembly, no native code)
//   node score.mjs MODEL.onnx SERIES.csv [--engine onnxruntime-web] [--column NAME ...]
//
// Prints the rows with score and alarm behind them. Plain numbers only: no cell is empty or quoted.
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
const tensor = (data, shape) => new Tensor("float32", Float32Array.from(data), shape);
const answers = lines.map(() => ["", 0]);
for (let start = historyOf(policy); start < rows.length; start += info.window) {
  // A model that carries no state wants whole windows: the last one answers for what is left.
  const last = Math.max(historyOf(policy), rows.length - info.window);
  const from = info.state ? start : Math.min(start, last);
  const part = rows.slice(from, from + info.window);
  const local = part.map((_, i) => scaling(from + i));
  const shape = [1, part.length, names.length];
  const zero = () => tensor(Array(info.state).fill(0), [1, 1, info.state]);
  const feeds = {
    values: tensor(part.flat(), shape),
    mean: tensor(local.flatMap(({ mean }) => mean), shape),
    scale: tensor(local.flatMap(({ scale }) => scale), shape),
    threshold: tensor([info.threshold.value], []),
    ...(info.state ? { h: zero(), c: zero() } : { count: tensor([info.threshold.count ?? 0], []) }),
  };
  const wanted = session.inputNames.map((name) => [name, feeds[name]]);
  const { score, alarm } = await session.run(Object.fromEntries(wanted));
  for (let i = start - from; i < part.length; i++)
    answers[from + i] = [score.data[i].toPrecision(9), alarm.data[i]];
}
console.log([...header, "score", "alarm"].join());
lines.forEach((cells, i) => console.log([...cells, ...answers[i]].join()));
