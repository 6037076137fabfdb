// Scores rows with a capsule, whatever engine of onnxruntime runs it: in Node or in a browser.
import { historyOf, scaler } from "./capsule.mjs";

// Returns { score, alarm, surprise } by row; score undefined for rows that only fill a history,
// surprise where a judge is in the graph, NaN where it has nothing to say.
//
// session, Tensor: of an onnxruntime. info: what readInfo returned. rows: numbers, one a channel.
export async function scoreRows({ session, Tensor, info, rows, policy = info.scaling }) {
  // What is fed for an input that has a default is ignored without a word.
  if (policy !== "trained" && !session.inputNames.includes("mean"))
    throw new Error(`${policy} scaling wants a capsule exported with --plain-inputs`);
  const [scaling, history, channels] = [scaler(info, policy, rows), historyOf(policy), rows[0].length];
  const tensor = (data, shape) => new Tensor("float32", Float32Array.from(data), shape);
  const zeros = (...shape) => tensor(Array(shape.reduce((a, b) => a * b)).fill(0), shape);
  const judged = session.inputNames.includes("judge");
  const size = info.graph_judge?.state.length; // of the judge's state, which begins as zeros
  let judge = judged && new Tensor("float64", new Float64Array(size), [size, 1]);

  // Returns what the graph says of the rows from one place to another; the judge's state goes on.
  async function run(from, to, moments) {
    const local = rows.slice(from, to).map((_, i) => moments(from + i));
    const feeds = {
      values: tensor(rows.slice(from, to).flat(), [1, to - from, channels]),
      mean: tensor(local.flatMap(({ mean }) => mean), [1, to - from, channels]),
      scale: tensor(local.flatMap(({ scale }) => scale), [1, to - from, channels]),
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

  const answers = rows.map(() => ({ alarm: 0 }));
  // Rows that only fill the history have no score: the judge learns them, by an infinite scale.
  const unknown = { mean: rows[0].map(() => 0), scale: rows[0].map(() => Infinity) };
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
    for (let i = start - from; i < score.data.length; i++)
      answers[from + i] = {
        score: score.data[i],
        alarm: Number(alarm.data[i - back]),
        ...(judged && { surprise: surprise.data[i - back] }),
      };
  }
  return answers;
}
