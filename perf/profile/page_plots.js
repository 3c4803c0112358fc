/* ---- the table with its bars ---- */

function meter(row, share, color) {
  const cell = row.insertCell();
  cell.className = "meter";
  const track = cell.appendChild(element("div", { class: "track" }));
  track.append(element("div", { style: `width:${100 * Math.min(share, 1)}%;background:${color}` }));
}

function writeSums() {
  const table = byId("sums"), most = Math.max(...profile.operations.map((row) => row.share));
  const head = table.createTHead().insertRow();
  for (const title of ["operation", "", "share", "time", "calls", "GFLOP/s", "GB/s", "of roof"])
    head.append(element("th", {}, title));
  const body = table.createTBody();
  for (const row of profile.operations) {
    const line = body.insertRow();
    line.insertCell().append(
      element("i", { style: `background:${variable(row.operation)}` }), row.operation);
    meter(line, row.share / most, variable(row.operation));
    const roof = row.roof_share === null ? "" : percent(row.roof_share) + " " + row.level;
    for (const text of [percent(row.share), time(row.seconds),
      row.calls ? +row.calls.toFixed(1) : "",
      row.flops ? plain(row.flops_per_s * 1e-9) : "",
      row.bytes ? plain(row.bytes_per_s * 1e-9) : "", roof])
      line.insertCell().textContent = text;
    const lines = [["thread time", time(row.seconds)], ["share", percent(row.share)]];
    if (row.roof_flops_per_s) {
      lines.push(["roof", scaled(row.roof_flops_per_s, "FLOP/s")], ["bytes from", row.level]);
      lines.push(["of roof", percent(row.roof_share)]);
    }
    tipOn(line, row.operation, lines.concat(rates(row.seconds, row.flops, row.bytes)));
  }
  const all = body.insertRow();
  const sum = profile.operations.reduce((total, row) => total + row.seconds, 0);
  for (const text of ["all", "", percent(sum / profile.thread_s), time(sum), "", "", "", ""])
    all.insertCell().textContent = text;
  byId("sums-note").textContent = profile.threads === 1
    ? "Means of the fastest quarter of the rounds. A roof is what bandwidth and multipliers allow."
    : `Thread time: ${profile.threads} threads times ${time(profile.call_s)} a call.`;
}

/* ---- the roofline ---- */

const WIDTH = 620, HEIGHT = 440, MARGIN = { left: 58, right: 16, top: 12, bottom: 40 };

function roofScales(rows) {
  const peak = Math.max(...Object.values(profile.roofs.peaks).map((entry) => entry.flops_per_s));
  const xs = rows.map((row) => row.flops / row.bytes);
  const x0 = Math.log10(Math.min(...xs, 0.5) / 1.8), x1 = Math.log10(Math.max(...xs, 16) * 14);
  const y0 = Math.log10(Math.min(...rows.map((row) => row.flops_per_s)) / 2.2);
  const y1 = Math.log10(peak * 1.9);
  const inner = { x: WIDTH - MARGIN.left - MARGIN.right, y: HEIGHT - MARGIN.top - MARGIN.bottom };
  return {
    x: (value) => MARGIN.left + ((Math.log10(value) - x0) / (x1 - x0)) * inner.x,
    y: (value) => HEIGHT - MARGIN.bottom - ((Math.log10(value) - y0) / (y1 - y0)) * inner.y,
    left: 10 ** x0, right: 10 ** x1, low: 10 ** y0, high: 10 ** y1, peak,
  };
}

function drawGrid(svg, scale) {
  const powers = (low, high) => {
    const out = [];
    for (let p = Math.ceil(Math.log10(low)); p <= Math.log10(high); p++) out.push(10 ** p);
    return out;
  };
  for (const value of powers(scale.left, scale.right)) {
    const x = scale.x(value);
    drawn(svg, "line", { class: "grid", x1: x, x2: x, y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom });
    drawn(svg, "text", { x, y: HEIGHT - MARGIN.bottom + 16, "text-anchor": "middle" },
      String(+value.toPrecision(2)));
  }
  for (const value of powers(scale.low, scale.high)) {
    const y = scale.y(value);
    drawn(svg, "line", { class: "grid", x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: y, y2: y });
    drawn(svg, "text", { x: MARGIN.left - 8, y: y + 4, "text-anchor": "end" },
      String(+(value * 1e-9).toPrecision(2)));
  }
  drawn(svg, "text", { x: WIDTH - MARGIN.right, y: HEIGHT - 6, "text-anchor": "end" },
    "intensity, FLOP per byte");
  const middle = (MARGIN.top + HEIGHT - MARGIN.bottom) / 2;
  drawn(svg, "text", {
    x: 0, y: 0, "text-anchor": "middle", transform: `translate(13 ${middle}) rotate(-90)` },
    "GFLOP/s");
}

/* Text that is moved up or down until it covers neither a point nor other text. */
function placer(circles) {
  const taken = circles.map(({ x, y, radius }) =>
    ({ x0: x - radius, x1: x + radius, y0: y - radius, y1: y + radius }));
  return (x, y, width) => {
    for (let step = 0; step < 80; step++) {
      const offset = (step % 2 ? 1 : -1) * Math.ceil(step / 2) * 7;
      const box = { x0: x, x1: x + width, y0: y + offset - 12, y1: y + offset + 3 };
      const free = box.y0 > MARGIN.top && box.y1 < HEIGHT - MARGIN.bottom && !taken.some((other) =>
        box.x0 < other.x1 && box.x1 > other.x0 && box.y0 < other.y1 && box.y1 > other.y0);
      if (!free) continue;
      taken.push(box);
      return y + offset;
    }
    return y;
  };
}

const textWidth = (text) => text.length * 6.6;

function drawRoofs(svg, scale, place) {
  const peaks = new Map(); // instruction: rate
  for (const entry of Object.values(profile.roofs.peaks)) peaks.set(entry.unit, entry.flops_per_s);
  const highest = Math.max(...peaks.values());
  const widest = Math.max(...Object.values(profile.roofs.bandwidth));
  for (const [unit, rate] of peaks) {
    const from = widest > 0 ? Math.max(rate / widest, scale.left) : scale.left;
    drawn(svg, "line", { class: rate === highest ? "roof" : "lower", x1: scale.x(from),
      x2: WIDTH - MARGIN.right, y1: scale.y(rate), y2: scale.y(rate) });
    const text = `${scaled(rate, "FLOP/s")} ${unit}`, width = textWidth(text);
    const left = rate === highest ? Math.min(scale.x(from) + 8, WIDTH - MARGIN.right - width)
      : WIDTH - MARGIN.right - width;
    const y = scale.y(rate) + (rate === highest ? -6 : 15);
    drawn(svg, "text", { x: left, y: place(left, y, width) }, text);
  }
  for (const [level, rate] of Object.entries(profile.roofs.bandwidth)) {
    if (!rate) continue;
    const start = Math.max(scale.left, scale.low / rate);
    drawn(svg, "line", { class: level === "RAM" ? "lower" : "roof", x1: scale.x(start),
      y1: scale.y(start * rate), x2: scale.x(highest / rate), y2: scale.y(highest) });
    const at = start * 1.12;
    const slope = (scale.y(at * rate) - scale.y(at * 10 * rate)) /
      (scale.x(at * 10) - scale.x(at));
    const angle = -Math.atan(slope) * 180 / Math.PI;
    drawn(svg, "text", { transform:
      `translate(${scale.x(at)} ${scale.y(at * rate)}) rotate(${angle})`,
      dy: level === "RAM" ? 14 : -6 },
      `${level} ${scaled(rate, "B/s")}`);
  }
}

/* The biggest first, so that none is hidden. */
function pointsOf(rows, scale) {
  return [...rows].sort((a, b) => b.share - a.share).map((row) => ({
    row, x: scale.x(row.flops / row.bytes), y: scale.y(row.flops_per_s),
    radius: 4 + 14 * Math.sqrt(row.share) }));
}

function drawPoints(svg, points, place) {
  for (const { row, x, y, radius } of points) {
    const point = drawn(svg, "circle", { cx: x, cy: y, r: radius, "fill-opacity": 0.8,
      style: `fill:${variable(row.operation)};stroke:var(--card);stroke-width:1.5` });
    tipOn(point, row.operation, [["share of time", percent(row.share)],
      ["of roof", `${percent(row.roof_share)} (${row.level})`],
      ["roof", scaled(row.roof_flops_per_s, "FLOP/s")],
      ...rates(row.seconds, row.flops, row.bytes)]);
  }
  for (const { row, x, y, radius } of points) {
    const width = textWidth(row.operation);
    const right = x + radius + 16 + width < WIDTH - MARGIN.right;
    const left = right ? x + radius + 14 : x - radius - 14 - width;
    const textY = place(left, y + 4, width);
    const end = right ? left - 2 : left + width + 2;
    drawn(svg, "line", { class: "axis", x1: x, y1: y, x2: end, y2: textY - 4,
      "stroke-opacity": 0.6 });
    drawn(svg, "text", { class: "strong", x: left, y: textY }, row.operation);
  }
}

function drawRoofline() {
  const rows = profile.operations.filter((row) => row.roof_flops_per_s && row.bytes);
  if (!rows.length) return;
  const svg = drawn(byId("roofline"), "svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
    "aria-label": "Roofline: rate against intensity of each operation" });
  const scale = roofScales(rows), points = pointsOf(rows, scale), place = placer(points);
  drawGrid(svg, scale);
  drawRoofs(svg, scale, place);
  drawPoints(svg, points, place);
}

/* ---- layers ---- */

function drawLayers() {
  const rows = profile.by_layer, width = 1400, height = 210, left = 70, bottom = 24;
  const sums = rows.map((layer) => layer.filter((row) => row.operation !== "wait")
    .reduce((sum, row) => sum + row.seconds, 0));
  const most = Math.max(...sums), step = roundStep(most / 3.5);
  const svg = drawn(byId("layers"), "svg", { viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": "Time of each layer by operation" });
  const toY = (value) => (height - bottom) - (value / most) * (height - bottom - 10);
  for (let at = 0; at <= most; at += step) {
    const y = toY(at);
    drawn(svg, "line", { class: "grid", x1: left, x2: width, y1: y, y2: y });
    drawn(svg, "text", { x: left - 8, y: y + 4, "text-anchor": "end" }, tick(at, most));
  }
  const pitch = (width - left) / rows.length, thick = Math.min(pitch * 0.72, 70);
  rows.forEach((layer, index) => {
    const x = left + index * pitch + (pitch - thick) / 2;
    let from = 0;
    for (const row of layer) {
      if (row.operation === "wait") continue;
      const top = toY(from + row.seconds), full = toY(from) - top;
      const piece = drawn(svg, "rect", { x, y: top, width: thick, height: Math.max(full - 1, 0.4),
        style: `fill:${variable(row.operation)}` });
      tipOn(piece, `layer ${index}, ${row.operation}`, [["thread time", time(row.seconds)],
        ["of the layer", percent(row.seconds / sums[index])],
        ...rates(row.seconds, row.flops, row.bytes)]);
      from += row.seconds;
    }
    drawn(svg, "text", { x: x + thick / 2, y: height - 7, "text-anchor": "middle" }, index);
  });
}

/* ---- */

writeHead();
readColors();
draw();
listenToTimeline();
writeLegend();
writeSums();
drawRoofline();
drawLayers();
addEventListener("resize", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  readColors();
  draw();
});
