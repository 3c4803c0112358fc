"use strict";
// Answers as elements. Text only ever goes in as text.

function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("--")) node.style.setProperty(key, value);
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

function drawBars(labels, scores) {
  const best = scores.indexOf(Math.max(...scores));
  const bars = element("div", { class: "bars" });
  labels.forEach((label, i) => {
    const fill = element("div", { class: "fill" });
    fill.style.width = `${Math.max(0, Math.min(1, scores[i])) * 100}%`;
    bars.append(element("span", { class: i === best ? "best" : "" }, label),
      element("div", { class: "track" }, fill),
      element("span", { class: "number" }, scores[i].toFixed(3)));
  });
  return bars;
}

function hue(type) {
  let sum = 7;
  for (const c of type) sum = (sum * 31 + c.codePointAt(0)) % 360;
  return sum;
}

// Offsets of the server count code points, as Array.from does.
function drawSpans(text, spans) {
  const characters = Array.from(text), out = element("p", {});
  let at = 0;
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    if (span.start < at) continue;
    out.append(characters.slice(at, span.start).join(""));
    out.append(element("mark", { "--hue": hue(span.type) },
      characters.slice(span.start, span.end).join(""), element("small", {}, span.type)));
    at = span.end;
  }
  out.append(characters.slice(at).join(""));
  return out;
}

function drawAnswer(result, text) {
  const bar = Math.max(text.lastIndexOf("|"), text.lastIndexOf("｜"));
  const context = text.slice(0, bar);
  return [element("p", {}, element("strong", {}, result.answer || "—")),
    drawSpans(context, result.answer ? [{ start: result.start, end: result.end, type: result.score.toFixed(2) }] : [])];
}

function drawTriples(relations) {
  return relations.map((r) => element("p", { class: "card" }, r.subject.text, " → ",
    element("strong", {}, r.predicate), " → ", r.object.text));
}

function drawEvents(events) {
  return events.map((e) => element("div", { class: "card" },
    element("strong", {}, `${e.type}: ${e.trigger.text}`),
    ...e.arguments.map((a) => element("div", {}, `${a.role}: ${a.text}`))));
}

function drawMatrix(lines, vectors) {
  const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const table = element("table", {});
  const head = element("tr", {}, element("th", {}));
  lines.forEach((line, i) => head.append(element("th", { title: line }, String(i + 1))));
  table.append(head);
  lines.forEach((line, i) => {
    const row = element("tr", {}, element("th", { class: "row", title: line }, `${i + 1}  ${line}`));
    vectors.forEach((other) => {
      const cosine = dot(vectors[i], other);
      row.append(element("td", { "--share": `${Math.round(Math.max(0, cosine) ** 2 * 85)}%` }, cosine.toFixed(2)));
    });
    table.append(row);
  });
  return element("div", { class: "scroll" }, table);
}

function drawResult(task, result, text, words) {
  switch (task) {
    case "sentiment": return [drawBars(Object.keys(result.scores), Object.values(result.scores))];
    case "classification": return [drawBars(result.labels, result.scores)];
    case "qa": return drawAnswer(result, text);
    case "ner": return result.entities.length ? [drawSpans(text, result.entities)] : [words.none];
    case "relation": return result.relations.length ? drawTriples(result.relations) : [words.none];
    case "event": return result.events.length ? drawEvents(result.events) : [words.none];
    default: return [];
  }
}
