"use strict";
// The page: choose a task, type, see the answer; the figures of the server below.

const at = (id) => document.getElementById(id);
let language = navigator.language.startsWith("zh") ? "zh" : "en";
let task = "sentiment";
let info = null; // the model and the limits, once the server has told
let models = null; // what is loaded, and what it does
const EXTRACTING = ["ner", "relation", "event"];
const typed = {}; // what the user wrote, by task

function words() { return WORDS[language]; }

function labelList() {
  return at("labels").value.split(/[,，]/).map((s) => s.trim()).filter(Boolean);
}

// Whether a model does the task: true as long as that is not known.
function isLoaded(name) {
  if (!models) return true;
  return models.some((m) => (name === "similarity" ? m.embedding : m.default_for.includes(name)));
}

function doing(name) {
  return (models ?? []).filter((m) => (name === "similarity" ? m.embedding : m.tasks.includes(name)));
}

// The schema that was typed; undefined: none. Throws what is not JSON.
function schema() {
  const text = at("schema").value.trim();
  return EXTRACTING.includes(task) && text ? JSON.parse(text) : undefined;
}

function body() {
  const text = at("text").value;
  if (task === "similarity") return { inputs: text.split("\n").filter((line) => line.trim()) };
  const out = { task_type: task, input_text: text };
  if (task === "classification" && labelList().length) out.labels = labelList();
  const wanted = schema();
  if (wanted !== undefined) out.schema = wanted;
  return out;
}

function path() { return task === "similarity" ? "embed" : "predict"; }

function showCommand() {
  let sent;
  try {
    sent = body();
  } catch {
    at("curl").textContent = words().notJson;
    return;
  }
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const url = new URL(path(), location.href);
  const which = at("which").value ? ` -H ${quoted(`X-Model-ID: ${at("which").value}`)}` : "";
  at("curl").textContent =
    `curl ${url} -H 'Content-Type: application/json'${which} -d ${quoted(JSON.stringify(sent))}`;
}

function showModel() {
  if (info) at("model").textContent = `${info.served_model_name} · ${info.model_dtype} · ` +
    words().longest.replace("{0}", info.max_input_length);
}

// Who shall answer, where several can; the first is the server's choice.
function showModels() {
  const able = doing(task);
  at("model-row").hidden = able.length < 2;
  at("which").replaceChildren(...able.map((m) => element("option", {
    value: m.default_for.includes(task) ? "" : m.id,
    ...(m.default_for.includes(task) ? { selected: "" } : {}) }, m.id)));
}

function show() {
  const w = words();
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = w[node.dataset.word];
  at("language").textContent = w.other;
  at("tasks").replaceChildren(...Object.entries(w.tasks).map(([name, [title]]) => {
    const tab = element("button", { type: "button", role: "tab", "aria-selected": name === task,
      ...(isLoaded(name) ? {} : { class: "missing", title: w.missing }) }, title);
    tab.addEventListener("click", () => choose(name));
    return tab;
  }));
  at("about").textContent = w.tasks[task][1];
  if (!isLoaded(task)) at("answer").replaceChildren(element("p", { class: "wrong" }, w.missing));
  showModels();
  at("schema-row").hidden = !EXTRACTING.includes(task) || !isLoaded(task);
  at("labels-row").hidden = task !== "classification";
  at("text").value = typed[task] ?? w.tasks[task][2];
  showModel();
  showCommand();
}

function choose(name) {
  task = name;
  at("answer").replaceChildren();
  at("took").textContent = at("json").textContent = "";
  show();
}

function headers() {
  const key = at("key").value;
  const which = at("which").value;
  return { "Content-Type": "application/json", ...(key ? { Authorization: `Bearer ${key}` } : {}),
    ...(which ? { "X-Model-ID": which } : {}) };
}

function fail(message) {
  at("took").textContent = "";
  at("answer").replaceChildren(element("p", { class: "wrong" }, message));
}

function showAnswer(sent, answer) {
  const w = words();
  at("json").textContent = JSON.stringify(answer, null, 1);
  if (task === "similarity") {
    at("answer").replaceChildren(drawMatrix(sent.inputs, answer));
    at("took").textContent = "";
    return;
  }
  at("answer").replaceChildren(...drawResult(task, answer.result, sent.input_text, w));
  at("took").textContent = w.took.replace("{0}", answer.elapsed_ms.toFixed(2)) +
    (answer.cached ? w.cached : "") + (answer.truncated ? w.cut : "") +
    ` · ${answer.head ?? answer.model} · ${answer.result.engine}`;
}

async function run(event) {
  event.preventDefault();
  let sent;
  try {
    sent = body();
  } catch {
    fail(words().notJson);
    return;
  }
  at("run").disabled = true;
  try {
    const response = await fetch(path(), { method: "POST", headers: headers(), body: JSON.stringify(sent) });
    const answer = await response.json();
    if (response.status === 401) at("key-row").hidden = false;
    if (response.ok && !models) await askModels();
    if (response.ok) showAnswer(sent, answer);
    else fail(`${response.status}: ${answer.error?.message ?? answer.error}`);
    if (!response.ok) at("json").textContent = JSON.stringify(answer, null, 1);
  } catch {
    fail(words().unreachable);
  }
  at("run").disabled = false;
}

// The clipboard is for https and localhost only; elsewhere the command is selected for Ctrl+C.
async function copy() {
  try {
    await navigator.clipboard.writeText(at("curl").textContent);
    at("copy").textContent = words().copied;
    setTimeout(() => { at("copy").textContent = words().copy; }, 1500);
  } catch {
    getSelection().selectAllChildren(at("curl"));
  }
}

async function askModels() {
  const response = await fetch("v1/models", { headers: headers() });
  if (response.ok) models = (await response.json()).data;
  if (response.ok) show();
}

function figure(name, value) {
  return element("div", {}, element("dt", {}, words().figures[name]), element("dd", {}, value));
}

function duration(seconds) {
  const s = Math.floor(seconds), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
  return h ? `${h} h ${m} min` : m ? `${m} min ${s % 60} s` : `${s} s`;
}

async function refresh() {
  try {
    const m = await (await fetch("metrics/json")).json();
    at("figures").replaceChildren(
      figure("uptime", duration(m.uptime)), figure("total_requests", String(m.total_requests)),
      figure("avg", `${m.response_time.avg_ms.toFixed(2)} ms`),
      figure("p95", `${m.response_time.p95_ms.toFixed(2)} ms`),
      figure("memory", `${m.memory_usage_mb.toFixed(0)} MiB`), figure("cpu", `${m.cpu_percent.toFixed(0)} %`),
      figure("hits", `${(m.cache_hit_rate * 100).toFixed(0)} %`), figure("queue", String(m.queue.items)));
  } catch {
    at("figures").replaceChildren(words().unreachable);
  }
}

async function start() {
  at("language").addEventListener("click", () => {
    language = language === "zh" ? "en" : "zh";
    choose(task);
    refresh();
  });
  at("form").addEventListener("submit", run);
  at("form").addEventListener("input", () => {
    typed[task] = at("text").value;
    showCommand();
  });
  at("text").addEventListener("keydown", (e) => {
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) at("form").requestSubmit();
  });
  at("copy").addEventListener("click", copy);
  show();
  refresh();
  setInterval(() => document.hidden || refresh(), 2000);
  info = await (await fetch("info")).json();
  showModel();
  await askModels();
}

start();
