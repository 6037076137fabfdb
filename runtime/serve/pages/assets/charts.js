// Two charts of one stream below each other: the values of a channel, and how surprising they were.

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const axes = () => {
  const [stroke, grid] = [colour("--grey"), { stroke: colour("--line"), width: 1 }];
  return [{ stroke, grid }, { stroke, grid, size: 60 }];
};

/** A chart in an element. dots: a second series, of single points, such as alarms. */
class Chart {
  constructor(element, label, dots) {
    this.element = element;
    const point = { show: true, size: 8, fill: colour("--red") };
    const series = [
      { label: "row" },
      { label, stroke: colour("--blue"), width: 1, points: { show: false } },
      { label: dots, stroke: colour("--red"), width: 0, paths: () => null, points: point },
    ];
    const options = {
      ...this.size(), series, axes: axes(), scales: { x: { time: false } },
      legend: { live: true }, cursor: { sync: { key: "stillwatch" } },
    };
    this.plot = new uPlot(options, [[], [], []], element);
    new ResizeObserver(() => this.plot.setSize(this.size())).observe(element);
  }

  size() {
    return { width: Math.max(200, this.element.clientWidth), height: 180 };
  }

  set(label, columns) {
    this.plot.series[1].label = label;
    this.plot.setData(columns);
    const cell = this.element.querySelectorAll(".u-legend .u-label")[1];
    if (cell) cell.textContent = label;
  }
}

/** Both charts; show() draws rows as GET /v1/streams/ID/rows has them. */
export class Charts {
  constructor(values, surprise) {
    this.values = new Chart(values, "value", "alarm");
    this.surprise = new Chart(surprise, "score", "alarm");
  }

  show(rows, channel) {
    const values = rows.values.map((row) => row[channel]);
    const judged = rows.surprise.some((one) => one !== null);
    const scores = judged ? rows.surprise : rows.score;
    const only = (column) => column.map((one, i) => (rows.alarm[i] ? one : null));
    this.values.set(rows.channels[channel] ?? "value", [rows.row, values, only(values)]);
    this.surprise.set(judged ? "surprise, nats" : "score", [rows.row, scores, only(scores)]);
  }
}
