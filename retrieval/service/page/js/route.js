// What is shown stands in the fragment of the address: links go deep, back works, and no question is sent with a request
// for the page itself.
const LISTS = ["in", "more", "less"];
const TEXTS = ["view", "q", "after", "until", "path", "camera", "lang", "tag", "lasts", "near", "like", "file", "sort", "reach", "open", "seg"];
const FILTERS = ["in", "after", "until", "path", "camera", "lang", "tag", "lasts", "near"];

let current = read();
const listeners = new Set();

function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  const route = Object.fromEntries(TEXTS.map((name) => [name, given.get(name) ?? ""]));
  for (const name of LISTS) route[name] = (given.get(name) ?? "").split(",").filter(Boolean);
  return route;
}

/** The address of a route, made from the present one by changes. */
export function address(changes = {}, from = current) {
  const route = { ...from, ...changes };
  const parts = new URLSearchParams();
  for (const name of [...TEXTS, ...LISTS]) {
    const value = Array.isArray(route[name]) ? route[name].join(",") : route[name];
    if (value) parts.set(name, value);
  }
  return `#${parts}`;
}

export const route = () => current;

/** Shows something else. replace: without a step that back would return to. */
export function go(changes, { replace = false } = {}) {
  const next = address(changes);
  if (next === address()) return;
  history[replace ? "replaceState" : "pushState"](null, "", next);
  update();
}

/** The route of an empty search box. */
export const HOME = Object.fromEntries([...TEXTS.map((name) => [name, ""]), ...LISTS.map((name) => [name, []])]);

export const hasFilters = (given) => FILTERS.some((name) => given[name].length);
export const isAsking = (given) => Boolean(given.q.trim() || given.like || given.file || given.more.length);
export const withoutFilters = Object.fromEntries(FILTERS.map((name) => [name, HOME[name]]));

export function onRoute(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function update() {
  current = read();
  for (const each of listeners) each(current);
}

addEventListener("popstate", update);
