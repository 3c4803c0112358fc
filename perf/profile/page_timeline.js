/* ---- the timeline ---- */

const LANE = 20, MEMBER_GAP = 12, LABELS = 64, AXIS = 22;

/* Boxes with their lane: 0 call, 1 pass, 2 layer, 3 step. Threads but the caller's have no
   calls. */
function layOut() {
  const names = data.names, boxes = [];
  const runs = new Map(); // thread: the open run of one layer
  for (const [operation, layer, member, begin, length, rows, flops, bytes] of data.spans) {
    const name = names[operation];
    const lane = name === "call" ? 0 : name === "forward" ? 1 : 3;
    boxes.push({ name, layer, member, begin, length, rows, flops, bytes, lane });
    if (lane < 3 || name === "wait") continue;
    const run = runs.get(member);
    if (run && run.layer === layer) {
      run.length = begin + length - run.begin;
      run.flops += flops;
    } else if (layer >= 0) {
      const opened = { name: `layer ${layer}`, layer, member, begin, length, flops, lane: 2 };
      boxes.push(opened);
      runs.set(member, opened);
    } else {
      runs.delete(member);
    }
  }
  return boxes;
}

const boxes = layOut();
const callLength = Math.max(...boxes.map((box) => box.begin + box.length), 1e-3);
const view = { begin: 0, length: callLength };
const canvas = byId("timeline"), pen = canvas.getContext("2d");
let colors = {};

const memberTop = (member) =>
  AXIS + (member === 0 ? 0 : 4 * LANE + MEMBER_GAP + (member - 1) * (2 * LANE + MEMBER_GAP));
const laneOf = (box) => (box.member === 0 ? box.lane : box.lane - 2);
const plotWidth = () => canvas.clientWidth - LABELS;
const toX = (at) => LABELS + ((at - view.begin) / view.length) * plotWidth();
const toTime = (x) => view.begin + ((x - LABELS) / plotWidth()) * view.length;

function readColors() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  colors = { quiet: read("--quiet"), grid: read("--grid") };
  for (const name of [...data.names, "layer", "layer2"])
    colors[name] = read("--c-" + slug(name)) || read("--c-rest");
}

function colorOf(box) {
  if (box.lane === 2) return colors[box.layer % 2 ? "layer2" : "layer"];
  return colors[box.name];
}

/* Black or white, whichever reads better on a colour "#rrggbb". */
function inkOn(color) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  return 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#111110" : "#ffffff";
}

/* Steps of 1, 2 or 5 that leave room for their labels. */
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= least);
}

function drawAxis(height) {
  const step = roundStep((view.length * 90) / plotWidth());
  pen.textAlign = "center";
  for (let at = Math.ceil(view.begin / step) * step; at <= view.begin + view.length; at += step) {
    const x = toX(at);
    pen.fillStyle = colors.grid;
    pen.fillRect(x, AXIS - 4, 1, height);
    pen.fillStyle = colors.quiet;
    if (x < canvas.clientWidth - 24) pen.fillText(tick(at * 1e-6, callLength * 1e-6), x, 9);
  }
}

function drawBox(box) {
  const left = Math.max(toX(box.begin), LABELS);
  const right = Math.min(toX(box.begin + box.length), LABELS + plotWidth());
  if (right < LABELS || left > LABELS + plotWidth()) return;
  const width = Math.max(right - left, 0.5), top = memberTop(box.member) + laneOf(box) * LANE;
  const color = colorOf(box);
  pen.fillStyle = color;
  pen.fillRect(left, top, width > 3 ? width - 1 : width, LANE - 2);
  if (width < 34) return;
  const room = Math.floor((width - 8) / 6.4);
  if (room < 3) return;
  pen.fillStyle = inkOn(color);
  pen.textAlign = "left";
  pen.fillText(box.name.length <= room ? box.name : box.name.slice(0, room - 1) + "…",
    left + 4, top + LANE / 2 - 0.5);
}

function draw() {
  const height = memberTop(profile.threads - 1) + (profile.threads === 1 ? 4 : 2) * LANE + 6;
  const scale = devicePixelRatio || 1;
  canvas.style.height = height + "px";
  canvas.width = Math.round(canvas.clientWidth * scale);
  canvas.height = Math.round(height * scale);
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, canvas.clientWidth, height);
  pen.font = "12px system-ui, -apple-system, 'DejaVu Sans', sans-serif";
  pen.textBaseline = "middle";
  drawAxis(height);
  for (const box of boxes) drawBox(box);
  pen.textAlign = "left";
  pen.fillStyle = colors.quiet;
  for (let i = 0; i < profile.threads; i++)
    pen.fillText(i ? "thread " + i : "caller", 0, memberTop(i) + LANE / 2);
}

function setView(begin, length) {
  view.length = Math.min(Math.max(length, 0.05), callLength);
  view.begin = Math.min(Math.max(begin, 0), callLength - view.length);
  draw();
}

function zoom(factor, at = view.begin + view.length / 2) {
  setView(at - (at - view.begin) * factor, view.length * factor);
}

function boxAt(event) {
  const frame = canvas.getBoundingClientRect();
  const at = toTime(event.clientX - frame.left), y = event.clientY - frame.top;
  const slack = (view.length / plotWidth()) * 1.5;
  return boxes.find((box) => {
    const top = memberTop(box.member) + laneOf(box) * LANE;
    return y >= top && y < top + LANE && at >= box.begin - (box.length < slack ? slack : 0) &&
      at <= box.begin + Math.max(box.length, slack);
  });
}

function describeBox(event) {
  const box = boxAt(event);
  if (!box) return hideTip();
  const lines = [["time", time(box.length * 1e-6)], ["from", time(box.begin * 1e-6)]];
  if (box.layer >= 0 && box.lane === 3) lines.push(["layer", box.layer]);
  if (box.rows) lines.push([box.name === "call" ? "texts" : "tokens", box.rows]);
  showTip(event, box.name, lines.concat(rates(box.length * 1e-6, box.flops, box.bytes)));
}

function listenToTimeline() {
  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, begin: view.begin, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag) return describeBox(event);
    const moved = event.clientX - drag.x;
    if (Math.abs(moved) > 3) drag.moved = true;
    if (drag.moved) setView(drag.begin - (moved / plotWidth()) * view.length, view.length);
  });
  canvas.addEventListener("pointerup", (event) => {
    const box = drag && !drag.moved ? boxAt(event) : null;
    drag = null;
    if (box) setView(box.begin - box.length * 0.02, box.length * 1.04);
  });
  canvas.addEventListener("pointerleave", hideTip);
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, toTime(event.offsetX));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -0.2, ArrowRight: 0.2 }[event.key];
    if (move) setView(view.begin + move * view.length, view.length);
    else if (event.key === "+" || event.key === "=") zoom(0.7);
    else if (event.key === "-") zoom(1.4);
    else if (event.key === "0") setView(0, callLength);
    else return;
    event.preventDefault();
  });
  byId("closer").addEventListener("click", () => zoom(0.6));
  byId("farther").addEventListener("click", () => zoom(1.6));
  byId("whole").addEventListener("click", () => setView(0, callLength));
}

function writeLegend() {
  for (const row of profile.operations) {
    if (!boxes.some((box) => box.name === row.operation)) continue;
    const entry = byId("legend").appendChild(element("span"));
    entry.append(element("i", { style: `background:${variable(row.operation)}` }), row.operation);
  }
}

