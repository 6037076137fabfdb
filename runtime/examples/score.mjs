// Scores a CSV in JavaScript from a capsule alone. Copy the three .mjs files of this folder, then:
//
//   npm install onnxruntime-node       (or onnxruntime-web: WebAssembly, no native code)
//   node score.mjs MODEL.onnx SERIES.csv [--engine onnxruntime-web] [--column NAME ...]
//
// Prints the rows with score and alarm behind them. Plain numbers only: no cell is empty or quoted.
// Of a capsule made by 'stillwatch export --judge' the alarm is the judge's, and its surprise, in
// nats, stands beside it.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { readInfo } from "./capsule.mjs";
import { scoreRows } from "./scoring.mjs";

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
const answers = await scoreRows({ session, Tensor, info, rows, policy: asked.scaling });
const judged = session.inputNames.includes("judge");
const figure = (value) => (value === undefined || Number.isNaN(value) ? "" : value.toPrecision(9));
console.log([...header, "score", "alarm", ...(judged ? ["surprise"] : [])].join());
lines.forEach((cells, i) => {
  const { score, alarm, surprise } = answers[i];
  console.log([...cells, figure(score), alarm, ...(judged ? [figure(surprise)] : [])].join());
});
