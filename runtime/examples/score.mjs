// Scores a CSV in JavaScript with a capsule and onnxruntime, no code of stillwatch's:
//
//   stillwatch export CHECKPOINT -o nab-rds-plain.onnx --plain-inputs
//   npm install onnxruntime-node
//   node score.mjs nab-rds-plain.onnx series.csv value 3.6568
//
// Prints each row's score, and 1 where it is above the threshold. The trained threshold is in
// `stillwatch info`. Plain inputs, since onnxruntime's JavaScript packages ignore what is fed for
// an input that has a default, without a word.
import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-node";

const [model, file, column, threshold] = process.argv.slice(2);
const [header, ...rows] = readFileSync(file, "utf8").trim().split(/\r?\n/);
const place = header.split(",").indexOf(column);
const values = rows.map((row) => Number(row.split(",")[place]));

// The 'series' scaling policy: mean and deviation of the series being scored.
const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
const scale = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);

const tensor = (data, shape) => new ort.Tensor("float32", Float32Array.from(data), shape);
const session = await ort.InferenceSession.create(model);
const { score, alarm } = await session.run({
  values: tensor(values, [1, values.length, 1]),
  mean: tensor([mean], [1, 1, 1]),
  scale: tensor([scale], [1, 1, 1]),
  threshold: tensor([threshold], []),
  h: tensor([0], [1, 1, 1]),
  c: tensor([0], [1, 1, 1]),
});
for (let i = 0; i < rows.length; i++) console.log(score.data[i].toPrecision(7), alarm.data[i]);
