// What moves on a page: tables that are sorted and filtered, and charts. Text of a tree is only ever set as text.
"use strict";
(() => {
  const HEIGHT = 240, NEAREST = 5, DASHES = [[], [6, 4], [2, 3], [9, 3, 2, 3]], COLOURS = 8;
  const drawn = JSON.parse(document.getElementById("drawn").textContent);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const made = (tag, text, name) => {
    const each = document.createElement(tag);
    if (text !== undefined) each.textContent = text;
    if (name) each.className = name;
    return each;
  };

  // --- tables: all rows are at hand, and so many are in the document as a browser lays out at once

  const SHOWN = 300;
  const compared = (one, other) =>
    typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other));

  class Table {
    constructor(table) {
      this.body = table.tBodies[0];
      this.rows = [...this.body.rows];
      this.texts = new Map();
      this.words = [];
      this.most = SHOWN;
      this.more = made("button", "", "more");
      this.more.addEventListener("click", () => { this.most = Infinity; this.show(); });
      table.parentElement.after(this.more);
      this.heads = [...table.tHead.rows[0].cells];
      this.heads.forEach((head, column) => {
        const button = made("button", head.textContent);
        head.replaceChildren(button);
        button.addEventListener("click", () => this.sort(column));
      });
      this.show();
    }

    valueOf(row, column) {
      const cell = row.cells[column];
      const number = cell.dataset.v === undefined ? NaN : Number(cell.dataset.v);
      return Number.isNaN(number) ? cell.textContent.trim() : number;
    }

    sort(column) {
      const head = this.heads[column], descending = head.getAttribute("aria-sort") === "ascending";
      this.heads.forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const keyed = this.rows.map((row) => [this.valueOf(row, column), row]);
      const empty = ([value]) => value === "";
      keyed.sort((a, b) => empty(a) - empty(b) || (descending ? -1 : 1) * compared(a[0], b[0]));
      this.rows = keyed.map(([, row]) => row);
      this.show();
    }

    textOf(row) {
      if (!this.texts.has(row)) this.texts.set(row, row.textContent.toLowerCase());
      return this.texts.get(row);
    }

    // Show the rows that have all words, and return how many have.
    show() {
      const found = this.rows.filter((row) => this.words.every((word) => this.textOf(row).includes(word)));
      this.body.replaceChildren(...found.slice(0, this.most));
      this.more.hidden = found.length <= this.most;
      this.more.textContent = `show all ${found.length.toLocaleString("en")} rows`;
      return found.length;
    }
  }

  const tables = [...document.querySelectorAll("table.sortable")].map((table) => [table, new Table(table)]);
  const filter = document.getElementById("filter");
  if (filter) {
    const [, runs] = tables.find(([table]) => table.id === "run-table");
    filter.addEventListener("input", () => {
      runs.words = filter.value.toLowerCase().split(/\s+/);
      const count = runs.show().toLocaleString("en");
      document.getElementById("found").textContent = `${count} of ${runs.rows.length.toLocaleString("en")} runs`;
    });
  }

  // A link leads to a unit that is closed.
  const opened = () => {
    const unit = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (unit && unit.tagName === "DETAILS") unit.open = true;
  };
  addEventListener("hashchange", opened);
  opened();

  // --- charts

  if (!drawn.charts) return;
  const hidden = { runs: new Set(), splits: new Set() };
  const smoothing = document.getElementById("smooth"), log = document.getElementById("log");
  const outliers = document.getElementById("outliers");
  const alone = drawn.runs.length === 1;
  const hue = (series) => (alone ? drawn.splits.indexOf(series.split) : series.run) % COLOURS;
  const dash = (series) => (alone ? [] : DASHES[drawn.splits.indexOf(series.split) % DASHES.length]);
  const nameOf = (series) => (alone ? series.split : `${drawn.runs[series.run]} · ${series.split}`);
  const told = (value) => (value === null ? "not finite" : Number(value.toPrecision(5)).toString());

  // An exponential moving average that starts at the first value, as the command plot has it; over the points of the page.
  const smoothed = (values, weight) => {
    if (!weight) return values;
    let sum = 0, bias = 1;
    return values.map((value) => {
      if (value === null) return null;
      sum = sum * weight + value * (1 - weight);
      bias *= weight;
      return sum / (1 - bias);
    });
  };

  const nearest = (steps, step) => {
    let low = 0, high = steps.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (steps[middle] < step) low = middle + 1; else high = middle;
    }
    return low > 0 && step - steps[low - 1] < steps[low] - step ? low - 1 : low;
  };

  const swatch = (colour, pattern) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    for (const [name, value] of [["width", 22], ["height", 8], ["aria-hidden", true]]) svg.setAttribute(name, value);
    for (const [name, value] of [["x1", 0], ["x2", 22], ["y1", 4], ["y2", 4], ["stroke-width", 3]]) line.setAttribute(name, value);
    line.setAttribute("stroke", colour);
    line.setAttribute("stroke-dasharray", pattern.join(" "));
    svg.append(line);
    return svg;
  };

  class Chart {
    constructor(box, chart) {
      this.box = box;
      this.series = chart.series;
      this.readout = box.parentElement.querySelector(".readout");
      this.plot = null;
      this.addTools(box.parentElement.querySelector(".zoom"), chart.metric);
    }

    shown() {
      return this.series.filter((each) => !hidden.runs.has(each.run) && !hidden.splits.has(each.split));
    }

    draw() {
      const range = this.plot && [this.plot.scales.x.min, this.plot.scales.x.max];
      const wasZoomed = this.isZoomed;
      if (this.plot) this.plot.destroy();
      const weight = Number(smoothing.value);
      this.lines = this.shown().map((each) => ({ ...each, colour: css(`--c${hue(each)}`), values: smoothed(each.y, weight) }));
      const tables = this.lines.map((each) => [each.x, each.values]);
      const data = tables.length ? uPlot.join(tables, tables.map(() => [2, 2])) : [[]];
      const axis = { stroke: css("--faint"), grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line"), width: 1 }, font: "12px system-ui, sans-serif" };
      this.plot = new uPlot({
        width: Math.max(120, this.box.clientWidth),
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: true, y: false }, points: { show: false } },
        scales: { x: { time: false }, y: { distr: log.checked ? 3 : 1, range: outliers.checked ? () => this.common() : undefined } },
        axes: [{ ...axis }, { ...axis, size: 58, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : told(tick))) }],
        series: [{}, ...this.lines.map((each) => ({
          label: nameOf(each), stroke: each.colour, dash: dash(each), width: 1.6, spanGaps: false,
          points: { show: each.x.length === 1, size: 6 },
        }))],
        hooks: {
          setCursor: [(plot) => this.tell(plot)],
          draw: [(plot) => this.markGone(plot)],
          setScale: [(plot, name) => { if (name === "x") this.isZoomed = plot.scales.x.min > plot.data[0][0] || plot.scales.x.max < plot.data[0].at(-1); }],
        },
      }, data, this.box);
      if (wasZoomed && data[0].length) this.plot.setScale("x", { min: range[0], max: range[1] });
      this.tell(this.plot);
    }

    // The range of all values but the twentieth that is farthest out, below and above.
    common() {
      const values = this.lines.flatMap((each) => each.values.filter((value) => value !== null && (!log.checked || value > 0)));
      values.sort((one, other) => one - other);
      if (!values.length) return log.checked ? [0.1, 1] : [0, 1];
      const low = values[Math.floor(values.length * 0.05)], high = values[Math.ceil(values.length * 0.95) - 1];
      return log.checked ? [low / 1.2, high * 1.2] : uPlot.rangeNum(low, high, 0.1, true);
    }

    // What is not finite has no height: crosses at the lower edge say where it was.
    markGone(plot) {
      const context = plot.ctx, size = 3 * devicePixelRatio, base = plot.bbox.top + plot.bbox.height - 3 * size;
      context.save();
      context.lineWidth = 1.5 * devicePixelRatio;
      for (const line of this.lines) {
        context.strokeStyle = line.colour;
        line.y.forEach((value, at) => {
          if (value !== null) return;
          const x = plot.valToPos(line.x[at], "x", true);
          if (x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) return;
          context.beginPath();
          context.moveTo(x - size, base - size); context.lineTo(x + size, base + size);
          context.moveTo(x - size, base + size); context.lineTo(x + size, base - size);
          context.stroke();
        });
      }
      context.restore();
    }

    // The points nearest to the cursor, or the last ones where there is none.
    tell(plot) {
      const { left, top } = plot.cursor;
      const isOver = left !== undefined && left >= 0;
      const step = isOver ? plot.posToVal(left, "x") : Infinity;
      const shown = this.lines
        .filter((each) => each.x.length)
        .map((each) => {
          const at = nearest(each.x, step), value = each.values[at];
          const distance = !isOver ? 0 : value === null ? Infinity : Math.abs(plot.valToPos(value, "y") - top);
          return { each, at, value, distance };
        })
        .sort((one, other) => one.distance - other.distance)
        .slice(0, NEAREST);
      const gone = this.lines.filter((each) => each.gone).length;
      const words = gone ? ` · × where ${gone} of ${this.lines.length} curves are not finite` : "";
      const head = isOver ? `step ${Math.round(step).toLocaleString("en")}` : "last";
      this.readout.replaceChildren(made("div", head + words), ...shown.map(({ each, at, value }) => {
        const line = made("div");
        line.append(swatch(each.colour, dash(each)), made("span", nameOf(each)), made("b", told(value)), made("span", `@${each.x[at]}`));
        return line;
      }));
    }

    zoom(move) {
      const steps = this.plot.data[0];
      if (!steps.length) return;
      const { min, max } = this.plot.scales.x, first = steps[0], last = steps.at(-1);
      const [from, to] = move(min, max, max - min);
      this.plot.setScale("x", { min: Math.max(first, from), max: Math.min(last, Math.max(to, from + 1)) });
    }

    addTools(place, metric) {
      for (const [sign, words, move] of [
        ["−", "zoom out", (min, max, size) => [min - size / 2, max + size / 2]],
        ["+", "zoom in", (min, max, size) => [min + size / 4, max - size / 4]],
        ["←", "earlier", (min, max, size) => [min - size / 4, max - size / 4]],
        ["→", "later", (min, max, size) => [min + size / 4, max + size / 4]],
        ["⤢", "all steps", () => [-Infinity, Infinity]],
      ]) {
        const button = made("button", sign);
        button.setAttribute("aria-label", `${metric}: ${words}`);
        button.addEventListener("click", () => this.zoom(move));
        place.append(button);
      }
    }
  }

  const charts = new Map();
  const visible = new Set();
  const stale = new Set();
  const redraw = () => charts.forEach((chart, box) => (visible.has(box) ? chart.draw() : stale.add(box)));
  const seen = new IntersectionObserver((changes) => {
    for (const { target, isIntersecting } of changes) {
      if (isIntersecting) visible.add(target); else visible.delete(target);
      const chart = charts.get(target);
      if (isIntersecting && (!chart.plot || stale.delete(target))) chart.draw();
    }
  }, { rootMargin: "300px" });
  const resized = new ResizeObserver((changes) => {
    for (const { target } of changes) {
      const { plot } = charts.get(target);
      if (plot && plot.width !== target.clientWidth) plot.setSize({ width: target.clientWidth, height: HEIGHT });
    }
  });
  for (const box of document.querySelectorAll(".plot")) {
    charts.set(box, new Chart(box, drawn.charts[Number(box.dataset.chart)]));
    seen.observe(box);
    resized.observe(box);
  }

  const legend = document.getElementById("legend");
  const switches = [];
  const addSwitch = (kind, key, words, mark) => {
    const button = made("button");
    button.append(mark(), made("span", words));
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      if (!hidden[kind].delete(key)) hidden[kind].add(key);
      press();
    });
    button.addEventListener("dblclick", () => only(kind, key));
    switches.push(() => button.setAttribute("aria-pressed", String(!hidden[kind].has(key))));
    legend.append(button);
  };
  const press = () => { switches.forEach((each) => each()); redraw(); };
  const only = (kind, key) => {
    const all = kind === "runs" ? drawn.runs.map((_, run) => run) : drawn.splits;
    hidden[kind] = new Set(all.filter((each) => each !== key));
    press();
  };
  const addSwitches = () => {
    legend.replaceChildren();
    switches.length = 0;
    if (!alone) drawn.runs.forEach((name, run) => addSwitch("runs", run, name, () => swatch(css(`--c${run % COLOURS}`), [])));
    drawn.splits.forEach((split, at) => addSwitch("splits", split, split, () =>
      alone ? swatch(css(`--c${at % COLOURS}`), []) : swatch(css("--faint"), DASHES[at % DASHES.length])));
    switches.forEach((each) => each());
  };
  addSwitches();
  for (const button of document.querySelectorAll("button.alone")) {
    button.addEventListener("click", () => {
      only("runs", Number(button.dataset.run));
      document.getElementById("curves").scrollIntoView();
    });
  }

  smoothing.addEventListener("input", redraw);
  log.addEventListener("input", redraw);
  outliers.addEventListener("input", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { addSwitches(); redraw(); });

  // On paper all that is closed is open, all charts are drawn, and the colours are those of paper.
  const closed = [];
  addEventListener("beforeprint", () => {
    tables.forEach(([, table]) => { table.most = Infinity; table.show(); });
    for (const each of document.querySelectorAll("details:not([open])")) { each.open = true; closed.push(each); }
    charts.forEach((chart) => chart.draw());
  });
  addEventListener("afterprint", () => {
    closed.splice(0).forEach((each) => { each.open = false; });
    charts.forEach((chart) => chart.draw());
  });
})();
