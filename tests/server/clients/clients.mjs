// OpenAI's, Hugging Face's and LangChain's own clients against a running server.
//     node clients.mjs BASE_URL KEY LIMITED_URL
// LIMITED_URL is of a server that lets through one request a second (test_clients.py).
import { InferenceClient } from "@huggingface/inference";
import { OpenAIEmbeddings } from "@langchain/openai";
import OpenAI from "openai";

const [base, key, limited] = process.argv.slice(2);
const TEXTS = ["hello world", "naïve café 東京 🙂", "a"];
let failed = 0;

function check(name, good, detail = "") {
  console.log(good ? `ok ${name}` : `not ok ${name}: ${JSON.stringify(detail).slice(0, 400)}`);
  if (!good) failed++;
}

function near(a, b) {
  return a.length === b.length && a.every((x, i) => Math.abs(x - b[i]) < 1e-6);
}

async function plain(path, body) {
  const response = await fetch(base + path, { method: "POST", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}` } });
  return response.json();
}

async function refused(name, call, wanted) {
  try {
    await call();
    check(name, false, "nothing was thrown");
  } catch (error) {
    check(name, wanted(error), { status: error.status, type: error.type, message: error.message });
  }
}

async function openai() {
  const client = new OpenAI({ apiKey: key, baseURL: `${base}/v1`, maxRetries: 0 });
  const wanted = await plain("/embed", { inputs: TEXTS });
  const standard = await client.embeddings.create({ model: "any", input: TEXTS });
  check("openai: its own default, base64", standard.data.every((d, i) => d.index === i && near(d.embedding, wanted[i])));
  const float = await client.embeddings.create({ model: "any", input: TEXTS, encoding_format: "float" });
  check("openai: float", float.data.every((d, i) => near(d.embedding, wanted[i])));
  const cut = await client.embeddings.create({ model: "any", input: "a", dimensions: 5 });
  check("openai: dimensions", cut.data[0].embedding.length === 5, cut.data[0]);
  check("openai: usage", float.usage.prompt_tokens > TEXTS.length && float.usage.total_tokens === float.usage.prompt_tokens, float.usage);
  const models = await client.models.list();
  check("openai: models", models.data.length === 1 && models.data[0].id === float.model, models.data);
  await refused("openai: an empty input is its BadRequestError", () => client.embeddings.create({ model: "a", input: "" }),
    (e) => e instanceof OpenAI.BadRequestError && e.type === "invalid_request_error");
  await refused("openai: an unknown format", () => client.embeddings.create({ model: "a", input: "b", encoding_format: "md5" }),
    (e) => e.status === 400 && /Supported values/.test(e.message));
  const stranger = new OpenAI({ apiKey: "wrong", baseURL: `${base}/v1`, maxRetries: 0 });
  await refused("openai: a wrong key is its AuthenticationError", () => stranger.embeddings.create({ model: "a", input: "b" }),
    (e) => e instanceof OpenAI.AuthenticationError);
}

async function retries() {
  const strict = new OpenAI({ apiKey: key, baseURL: `${limited}/v1`, maxRetries: 0 });
  await strict.embeddings.create({ model: "a", input: "first" }).catch(() => {});
  await refused("openai: 429 is its RateLimitError", () => strict.embeddings.create({ model: "a", input: "b" }),
    (e) => e instanceof OpenAI.RateLimitError && Number(e.headers.get("retry-after")) >= 1);
  const patient = new OpenAI({ apiKey: key, baseURL: `${limited}/v1`, maxRetries: 5 });
  const answer = await patient.embeddings.create({ model: "a", input: "again" });
  check("openai: it retries after 429", answer.data.length === 1);
}

async function huggingFace() {
  const client = new InferenceClient(key).endpoint(base);
  const wanted = await plain("/embed", { inputs: TEXTS });
  const many = await client.featureExtraction({ inputs: TEXTS });
  check("huggingface: featureExtraction", many.every((v, i) => near(v, wanted[i])), many);
  const one = await client.featureExtraction({ inputs: TEXTS[0] });
  check("huggingface: one text", near(one.flat(), wanted[0]), one.length);
  const similarity = await plain("/similarity", { inputs: { source_sentence: TEXTS[0], sentences: TEXTS } });
  check("plain TEI: similarity", similarity.length === 3 && Math.abs(similarity[0] - 1) < 1e-5, similarity);
}

async function langChain() {
  const client = new OpenAIEmbeddings({ apiKey: key, model: "any", configuration: { baseURL: `${base}/v1` } });
  const wanted = await plain("/embed", { inputs: TEXTS });
  check("langchain: embedDocuments", (await client.embedDocuments(TEXTS)).every((v, i) => near(v, wanted[i])));
  check("langchain: embedQuery", near(await client.embedQuery(TEXTS[1]), wanted[1]));
}

for (const run of [openai, retries, huggingFace, langChain]) {
  try {
    await run();
  } catch (error) {
    check(run.name, false, String(error.stack));
  }
}
process.exit(failed ? 1 : 0);
