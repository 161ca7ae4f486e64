// The service's HTTP API. Addresses are relative, so that the page works wherever the service is mounted.
const KEY = "key";

/** An error that the service told (problem+json), or that it does not answer at all (`offline`). */
export class Problem extends Error {
  constructor(status, told = {}) {
    super(told.title ?? `HTTP ${status}`);
    this.status = status;
    this.detail = told.detail ?? "";
    this.at = told.at;
    this.offline = status === 0;
    this.retryAfter = told.retryAfter;
  }
}

export const hasKey = () => Boolean(sessionStorage.getItem(KEY));
export const setKey = (key) => sessionStorage.setItem(KEY, key);

async function request(path, { method = "GET", json, form, signal, priority = "auto", headers: own = {} } = {}) {
  const headers = { ...own };
  const key = sessionStorage.getItem(KEY);
  if (key) headers.Authorization = `Bearer ${key}`;
  if (json !== undefined) headers["Content-Type"] = "application/json";
  const body = json === undefined ? form : JSON.stringify(json);
  let answer;
  try {
    answer = await fetch(path, { method, headers, body, signal, priority });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0);
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  throw new Problem(answer.status, { ...told, retryAfter: Number(answer.headers.get("Retry-After")) || undefined });
}

async function read(path, options) {
  return (await request(path, options)).json();
}

const named = (name) => encodeURIComponent(name);

/** A question as the service reads it: JSON, or a form where a file asks beside the words. */
function asked(question, file, signal) {
  if (!file) return { method: "POST", json: question, signal };
  const form = new FormData();
  form.set("request", JSON.stringify(question));
  form.set("file", file, file.name || "file");
  return { method: "POST", form, signal };
}

export const search = (question, file, signal) => read("v1/search", asked(question, file, signal));
export const asset = (name, signal) => read(`v1/assets/${named(name)}`, { signal });
export const explain = (segment, { question, file }) => read(`v1/segments/${named(segment)}/explain`, asked(question, file));
/** How sure a question is of a video or recording over time: {steps: [start_ms, end_ms, confidence], moments}. */
export const curve = (name, { question, file }, signal) => read(`v1/assets/${named(name)}/curve`, asked(question, file, signal));
export const duplicates = (signal) => read("v1/duplicates", { signal });
export const stats = (signal) => read("v1/stats?skips=true", { signal });
/** Starts a run over all folders; a job that goes on by itself. */
export const update = () => read("v1/index", { method: "POST", json: {} });
export const alive = () => read("healthz");

/** Things of the library that go on as a text ends: [{kind, value, text, files, start}]. */
export const suggest = async (text, limit, signal) => (await read("v1/suggest", { method: "POST", json: { text, limit }, signal })).items;

/** A reel of moments, an MP4. */
export const reel = async (segments) => (await request("v1/reel", { method: "POST", json: { segments } })).blob();

const token = document.querySelector("meta[name=page-token]")?.content; // of a page on the service's own machine
export const canReveal = Boolean(token);
/** Shows a file in the file manager of this machine. */
export const reveal = (name) => request(`v1/assets/${named(name)}/reveal`, { method: "POST", headers: { "X-Page-Token": token } });

/** The outline of the world: {land, borders}, paths of SVG in tenths of a degree from 180° west and 90° north. */
export const land = () => read(new URL("../vendor/land.json", import.meta.url).href);

let saved = null; // promise of the saved searches; of none where the service keeps none

/** Saved searches: [{id, name, query}]. isFresh: asked anew. */
export function savedSearches(isFresh = false) {
  if (isFresh) saved = null;
  saved ??= read("v1/searches").then(({ items }) => items, () => []);
  return saved;
}

export const mediaAddress = (name) => `v1/assets/${named(name)}/media`;
export const captionsAddress = (name) => `v1/assets/${named(name)}/captions.vtt`;

const picture = (form, name, { side, at }) =>
  `v1/assets/${named(name)}/${form}?side=${side}${at === undefined || at === null ? "" : `&at_ms=${Math.round(at)}`}`;

/** The address of a small picture of an asset or segment, at most `side` pixels wide and high. */
export const thumbnailAddress = (name, { side = 480, at } = {}) => picture("thumbnail", name, { side, at });

/** The address of a picture to look at. */
export const frameAddress = (name, { side = 1920, at } = {}) => picture("frame", name, { side, at });

/** How loud a recording is over time: peaks 0..1. */
export const waveform = async (name) => (await read(`v1/assets/${named(name)}/waveform`, { priority: "low" })).peaks;

/** Counts of the library's files by what can be filtered. */
export const facets = (signal) => read("v1/facets?tags=true", { signal });

/** The content of an address. */
export const blob = async (path, signal) => (await request(path, { signal })).blob();
