// The page: two files in, a chart and a table of alarms out.
import { InferenceSession, Tensor, env } from "onnxruntime-web";
import { readInfo } from "./capsule.mjs";
import { scoreRows } from "./scoring.mjs";
import { readTable, runsOf } from "./table.mjs";
import { Charts } from "./charts.js";

const at = (id) => document.getElementById(id);
const files = { capsule: null, series: null };
let charts, shown;

async function prepared() {
  const packed = Uint8Array.from(atob(at("wasm").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  env.wasm.wasmBinary = await new Response(stream).arrayBuffer();
  env.wasm.numThreads = 1;
}
const ready = prepared();

function say(text, wrong = false) {
  at("said").textContent = text;
  at("said").className = wrong ? "wrong" : "";
}

function take(file) {
  const kind = file.name.toLowerCase().endsWith(".onnx") ? "capsule" : "series";
  files[kind] = file;
  at(`${kind}-said`).textContent = `${file.name}, ${file.size.toLocaleString("en")} bytes`;
  if (files.capsule && files.series) score();
}

async function score() {
  at("answer").hidden = true;
  say("scoring");
  try {
    await ready;
    const model = new Uint8Array(await files.capsule.arrayBuffer());
    const info = readInfo(model);
    const names = info.channels.map(({ name }) => name);
    const table = readTable(await files.series.text(), names);
    const session = await InferenceSession.create(model, { logSeverityLevel: 3 });
    const answers = await scoreRows({ session, Tensor, info, rows: table.rows });
    show({ names, table, answers, judged: session.inputNames.includes("judge") });
    say("");
  } catch (error) {
    say(error.message, true);
  }
}

function show(found) {
  shown = found;
  const { names, table, answers, judged } = found;
  const runs = runsOf(answers);
  at("answer").hidden = false;
  at("headline").textContent = `${runs.length} alarm${runs.length === 1 ? "" : "s"} in `
    + `${answers.length.toLocaleString("en")} rows`;
  at("channel").replaceChildren(...names.map((name, i) => new Option(name, i)));
  const label = (row) => (/^\s*[-+]?[\d.,]+\s*$/.test(table.cells[row][0]) ? `row ${row}` : table.cells[row][0]);
  const height = (row) => (judged ? answers[row].surprise : answers[row].score) ?? 0;
  at("alarms").replaceChildren(...runs.map(([first, last]) => {
    const line = document.createElement("tr");
    const highest = Math.max(...answers.slice(first, last + 1).map((_, i) => height(first + i) || 0));
    const cells = [label(first), label(last), last - first + 1,
      highest.toLocaleString("en", { maximumSignificantDigits: 3 })];
    for (const text of cells) line.insertCell().textContent = text;
    return line;
  }));
  at("no-alarms").hidden = runs.length > 0;
  draw(0);
}

function draw(channel) {
  charts ??= new Charts(at("values"), at("surprise"));
  const plain = (value) => (value === undefined || Number.isNaN(value) ? null : value);
  const { names, table, answers } = shown;
  charts.show({
    channels: names,
    row: answers.map((_, row) => row),
    values: table.rows,
    score: answers.map(({ score }) => plain(score)),
    surprise: answers.map(({ surprise }) => plain(surprise)),
    alarm: answers.map(({ alarm }) => alarm),
  }, channel);
}

function save() {
  const { table, answers, judged } = shown;
  const figure = (value) => (value === undefined || Number.isNaN(value) ? "" : value.toPrecision(9));
  const lines = table.cells.map((cells, i) => {
    const { score: one, alarm, surprise } = answers[i];
    return [...cells, figure(one), alarm, ...(judged ? [figure(surprise)] : [])];
  });
  const header = [...table.header, "score", "alarm", ...(judged ? ["surprise"] : [])];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([Papa.unparse([header, ...lines])], { type: "text/csv" }));
  link.download = `${files.series.name.replace(/\.[^.]*$/, "")}-scored.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

for (const kind of ["capsule", "series"])
  at(kind).addEventListener("change", (event) => event.target.files[0] && take(event.target.files[0]));
at("channel").addEventListener("change", () => draw(Number(at("channel").value)));
at("save").addEventListener("click", save);
addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
addEventListener("dragleave", () => document.body.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  [...event.dataTransfer.files].forEach(take);
});
