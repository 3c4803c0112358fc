"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const profile = data.profile;
const byId = (id) => document.getElementById(id);

/* ---- words and numbers ---- */

function digits(value, count = 3) {
  if (value === 0) return "0";
  const whole = Math.floor(Math.log10(Math.abs(value))) + 1;
  return value.toFixed(Math.max(0, Math.min(count - whole, 4)));
}

function time(seconds) {
  if (seconds >= 1) return digits(seconds, 4) + " s";
  if (seconds >= 1e-3) return digits(seconds * 1e3, 4) + " ms";
  return digits(seconds * 1e6, 3) + " µs";
}

function scaled(value, unit) {
  for (const [factor, letter] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (value >= factor) return digits(value / factor) + " " + letter + unit;
  return digits(value) + " " + unit;
}

/* Without zeros at the end: for axes. */
function tick(seconds, longest) {
  const [factor, unit] = longest >= 1 ? [1, " s"] : longest >= 2e-3 ? [1e3, " ms"] : [1e6, " µs"];
  return +(seconds * factor).toPrecision(9) + (seconds ? unit : "");
}

/* For columns: two or three digits, not more than two behind the point. */
const plain = (value) => (value < 1 ? value.toFixed(2) : digits(value));

const percent = (share) => (100 * share).toFixed(1) + " %";

function element(tag, attributes = {}, text = null) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== null) node.textContent = text;
  return node;
}

function drawn(parent, tag, attributes = {}, text = null) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== null) node.textContent = text;
  return parent.appendChild(node);
}

const slug = (name) => name.replaceAll(" ", "-");
const variable = (name) => `var(--c-${slug(name)}, var(--c-rest))`;

/* ---- the box beside the pointer ---- */

const tip = byId("tip");

function showTip(event, title, lines) {
  tip.replaceChildren(element("b", {}, title));
  const table = tip.appendChild(element("table"));
  for (const [key, value] of lines) {
    const row = table.insertRow();
    row.insertCell().textContent = key;
    row.insertCell().textContent = value;
  }
  tip.style.display = "block";
  const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  const below = event.clientY + 16;
  const fits = below + tip.offsetHeight < innerHeight;
  tip.style.left = x + "px";
  tip.style.top = (fits ? below : event.clientY - tip.offsetHeight - 10) + "px";
}

const hideTip = () => { tip.style.display = "none"; };

function tipOn(node, title, lines) {
  node.addEventListener("pointermove", (event) => showTip(event, title, lines));
  node.addEventListener("pointerleave", hideTip);
}

function rates(seconds, flops, bytes) {
  const lines = [];
  if (flops) lines.push(["FLOPs", scaled(flops, "FLOP")]);
  if (flops && seconds) lines.push(["rate", scaled(flops / seconds, "FLOP/s")]);
  if (bytes) lines.push(["bytes", scaled(bytes, "B")]);
  if (bytes && seconds) lines.push(["traffic", scaled(bytes / seconds, "B/s")]);
  if (flops && bytes) lines.push(["intensity", digits(flops / bytes) + " FLOP/B"]);
  return lines;
}

/* ---- the head ---- */

function writeHead() {
  const texts = profile.texts === 1 ? "1 text" : profile.texts + " texts";
  const threads = profile.threads === 1 ? "1 thread" : profile.threads + " threads";
  document.title = `gte profile: ${profile.model}`;
  byId("title").textContent =
    `${profile.model}, ${profile.dtype}: ${texts}, ${profile.tokens} tokens on ${threads}`;
  const blas = profile.backend === "openblas" ? ` (core ${profile.blas_core})` : "";
  byId("machine").textContent =
    `${profile.processor}; ${profile.backend} backend${blas}, ${profile.isa}; ` +
    `${profile.layers} layers, hidden size ${profile.hidden_size}; gte ${profile.version}`;
  const flops = profile.operations.reduce((sum, row) => sum + row.flops, 0);
  const peak = profile.roofs.peaks.linear.flops_per_s;
  const rate = flops / profile.thread_s;
  const tiles = [
    [time(profile.call_s), "a call"],
    [digits(profile.texts / profile.call_s) + " /s", "texts"],
    [digits(profile.tokens / profile.call_s) + " /s", "tokens"],
    [scaled(rate, "FLOP/s"), "a thread"],
    [percent(rate / peak), `of ${scaled(peak, "FLOP/s")} (${profile.roofs.peaks.linear.unit})`],
  ];
  for (const [value, what] of tiles) {
    const tile = byId("tiles").appendChild(element("div", { class: "tile" }));
    tile.append(element("b", {}, value), element("span", {}, what));
  }
  const counters = Object.entries(profile.counters).filter(([, value]) => value !== null)
    .map(([name, value]) => `${scaled(value, "")}${name}`).join(", ");
  byId("footer").textContent =
    `Means of the fastest ${profile.kept} of ${profile.rounds} rounds; fastest ` +
    `${time(profile.fastest_s)}, median ${time(profile.median_s)}, slowest ` +
    `${time(profile.slowest_s)}; not recorded ${time(profile.unrecorded_s)}; processor time of a ` +
    `call ${time(profile.cpu_s)}, which lost a core ${digits(profile.preemptions)} times. ` +
    "Hardware counters of a call: " +
    (counters || `none here (perf_event_open: ${profile.counters_error})`) + ".";
}

