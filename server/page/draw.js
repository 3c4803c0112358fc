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

function place(span, words) {
  return `${words} ${span.start}–${span.end} · ${span.score.toFixed(3)}`;
}

function mark(text, span) {
  return element("mark", { "--hue": hue(span.type), title: place(span, span.type) }, text,
    element("small", {}, span.type));
}

// Spans coloured over the text; those that lie within others stand below it. Offsets of the server
// count code points, as Array.from does.
function drawSpans(text, spans) {
  const characters = Array.from(text), out = element("p", { class: "text" }), below = element("p", {});
  let at = 0;
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const own = characters.slice(span.start, span.end).join("");
    if (span.start < at) {
      below.append(mark(own, span), " ");
      continue;
    }
    out.append(characters.slice(at, span.start).join(""), mark(own, span));
    at = span.end;
  }
  out.append(characters.slice(at).join(""));
  return below.childNodes.length ? [out, below] : [out];
}

// The same span for several reasons is drawn once.
function distinct(spans) {
  const seen = new Set();
  return spans.filter((s) => {
    const key = `${s.type} ${s.start} ${s.end}`;
    return !seen.has(key) && seen.add(key);
  });
}

function drawAnswer(result, text, words) {
  const bar = Math.max(text.lastIndexOf("|"), text.lastIndexOf("｜"));
  const span = { start: result.start, end: result.end, score: result.score, type: result.score.toFixed(2) };
  return [element("p", {}, element("strong", {}, result.answer || words.noAnswer)),
    ...drawSpans(text.slice(0, bar), result.answer ? [span] : [])];
}

function drawTriples(relations, text) {
  const typed = (span, role) => ({ ...span, type: span.type || role });
  const spans = relations.flatMap((r) => [typed(r.subject, "—"), typed(r.object, r.predicate)]);
  return [...drawSpans(text, distinct(spans)), ...relations.map((r) => element("p", { class: "card triple" },
    element("span", { title: place(r.subject, r.subject.type) }, r.subject.text), " → ",
    element("strong", {}, r.predicate), " → ",
    element("span", { title: place(r.object, r.object.type) }, r.object.text),
    element("span", { class: "number" }, ` ${r.score.toFixed(3)}`)))];
}

function drawEvents(events, text) {
  const spans = events.flatMap((e) => [{ ...e.trigger, type: e.type },
    ...e.arguments.map((a) => ({ ...a, type: a.role }))]);
  return [...drawSpans(text, distinct(spans)), ...events.map((e) => element("div", { class: "card event" },
    element("strong", { title: place(e.trigger, e.type) }, `${e.type}: ${e.trigger.text}`),
    element("dl", {}, ...e.arguments.flatMap((a) => [element("dt", {}, a.role),
      element("dd", { title: place(a, a.role) }, a.text)]))))];
}

function drawAspects(aspects, text, words) {
  const spans = aspects.flatMap((a) => [a.aspect && { ...a.aspect, type: "·" },
    a.opinion && { ...a.opinion, type: a.polarity }]).filter(Boolean);
  return [...drawSpans(text, distinct(spans)), ...aspects.map((a) => element("p", { class: "card aspect" },
    a.aspect?.text ?? words.unnamed, ": ", element("strong", {}, a.opinion?.text ?? "—"),
    a.polarity ? ` (${a.polarity})` : ""))];
}

function drawSentiment(result, text, words) {
  const labels = Object.keys(result.scores);
  const bars = labels.length ? [drawBars(labels, Object.values(result.scores))] : [];
  const aspects = result.aspects.length ? drawAspects(result.aspects, text, words) : [];
  return bars.length || aspects.length ? [...bars, ...aspects] : [words.none];
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
    case "sentiment": return drawSentiment(result, text, words);
    case "classification": return [drawBars(result.labels, result.scores)];
    case "qa": return drawAnswer(result, text, words);
    case "ner": return result.entities.length ? drawSpans(text, distinct(result.entities)) : [words.none];
    case "relation": return result.relations.length ? drawTriples(result.relations, text) : [words.none];
    case "event": return result.events.length ? drawEvents(result.events, text) : [words.none];
    default: return [];
  }
}
