// What a capsule says of itself, and the mean and deviation that its scaling policy asks for. Its
// bytes are a Uint8Array, as Node's Buffer is.

// Returns the metadata in a capsule's bytes: in ONNX, which is protobuf, an entry is its key, the
// length of its text in base 128, and the text. (The packages for JavaScript cannot read it.)
export function readInfo(model) {
  const key = "\n\nstillwatch\x12";
  const found = new TextDecoder("latin1").decode(model).lastIndexOf(key); // a character a byte
  if (found < 0) throw new Error("no stillwatch metadata: this is not a capsule");
  let [at, size, unit] = [found + key.length, 0, 1];
  do [size, unit] = [size + (model[at] & 127) * unit, unit * 128];
  while (model[at++] & 128);
  return JSON.parse(new TextDecoder().decode(model.subarray(at, at + size)));
}

// Returns how many rows must come before the first that gets a score.
export const historyOf = (policy) => Number(policy.match(/^rolling\((\d+)\)$/)?.[1] ?? 0);

// Returns a function from a row's place to its { mean, scale }, one figure a channel each:
// those of the training, of all these rows, or of the rows before it.
export function scaler(info, policy, rows) {
  const history = historyOf(policy);
  if (history) return (place) => moments(rows.slice(place - history, place));
  const fixed = policy === "series" ? moments(rows) : info;
  return () => fixed;
}

function moments(rows) {
  const columns = rows[0].map((_, channel) => rows.map((row) => row[channel]));
  const mean = columns.map(average);
  const scale = columns.map((column, channel) => {
    const deviation = Math.sqrt(average(column.map((value) => (value - mean[channel]) ** 2)));
    const rounding = column.length * Number.EPSILON * Math.abs(mean[channel]);
    return deviation > Math.max(rounding, 2 ** -126) ? deviation : 1; // 1 for a constant channel
  });
  return { mean, scale };
}

const average = (figures) => figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
