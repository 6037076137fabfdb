// A CSV as people have them: separator found, decimal commas where the separator is none.

const COMMA = /^\s*[-+]?\d+,\d+\s*$/;

/** Returns { header, cells, rows }: rows (T, C) are the numbers of the wanted columns. */
export function readTable(text, names) {
  const parsed = Papa.parse(text.replace(/^\uFEFF/, "").trim(), { skipEmptyLines: true });
  const [header, ...cells] = parsed.data;
  if (!cells.length) throw new Error("the series has no row below its header");
  const places = placesOf(header.map((name) => name.trim()), cells, names);
  const comma = parsed.meta.delimiter !== "," && cells.some((row) => places.some((i) => COMMA.test(row[i] ?? "")));
  const number = (cell) => (cell?.trim() ? Number(comma ? cell.replace(",", ".") : cell) : NaN);
  const rows = cells.map((row, line) => places.map((i) => {
    const value = number(row[i]);
    if (Number.isFinite(value)) return value;
    throw new Error(`line ${line + 2}, column ${header[i]}: expected a number, got "${(row[i] ?? "").slice(0, 40)}"`);
  }));
  return { header, cells, rows };
}

// By name; where no name is there, the columns of numbers, if they are as many as wanted.
function placesOf(header, cells, names) {
  const named = names.map((name) => header.indexOf(name));
  if (named.every((place) => place >= 0)) return named;
  const numbers = header.map((_, i) => i).filter((i) => /^\s*[-+\d.,]+(e[-+]?\d+)?\s*$/i.test(cells[0][i] ?? ""));
  if (numbers.length === names.length) return numbers;
  throw new Error(`expected columns ${names.join(", ")}; the series has ${header.join(", ")}`);
}

/** Returns runs of alarms, [first, last] row, of which those less than `calm` rows apart are one. */
export function runsOf(answers, calm = 30) {
  const runs = [];
  answers.forEach(({ alarm }, row) => {
    if (!alarm) return;
    if (runs.length && row - runs.at(-1)[1] < calm) runs.at(-1)[1] = row;
    else runs.push([row, row]);
  });
  return runs;
}
