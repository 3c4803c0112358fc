"use strict";
// The page: choose a task, type, see the answer; the figures of the server below.

const at = (id) => document.getElementById(id);
let language = navigator.language.startsWith("zh") ? "zh" : "en";
let task = "sentiment";
let info = null; // the model and the limits, once the server has told
const typed = {}; // what the user wrote, by task

function words() { return WORDS[language]; }

function labelList() {
  return at("labels").value.split(/[,，]/).map((s) => s.trim()).filter(Boolean);
}

function body() {
  const text = at("text").value;
  if (task === "similarity") return { inputs: text.split("\n").filter((line) => line.trim()) };
  const out = { task_type: task, input_text: text };
  if (task === "classification" && labelList().length) out.labels = labelList();
  return out;
}

function path() { return task === "similarity" ? "embed" : "predict"; }

function showCommand() {
  const json = JSON.stringify(body()).replaceAll("'", "'\\''");
  const url = new URL(path(), location.href);
  at("curl").textContent = `curl ${url} -H 'Content-Type: application/json' -d '${json}'`;
}

function showModel() {
  if (info) at("model").textContent = `${info.served_model_name} · ${info.model_dtype} · ` +
    words().longest.replace("{0}", info.max_input_length);
}

function show() {
  const w = words();
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = w[node.dataset.word];
  at("language").textContent = w.other;
  at("tasks").replaceChildren(...Object.entries(w.tasks).map(([name, [title]]) => {
    const tab = element("button", { type: "button", role: "tab", "aria-selected": name === task }, title);
    tab.addEventListener("click", () => choose(name));
    return tab;
  }));
  at("about").textContent = w.tasks[task][1];
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
  return { "Content-Type": "application/json", ...(key ? { Authorization: `Bearer ${key}` } : {}) };
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
    (answer.result.engine ? ` · ${answer.result.engine}` : "");
}

async function run(event) {
  event.preventDefault();
  const sent = body();
  at("run").disabled = true;
  try {
    const response = await fetch(path(), { method: "POST", headers: headers(), body: JSON.stringify(sent) });
    const answer = await response.json();
    if (response.status === 401) at("key-row").hidden = false;
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
}

start();
