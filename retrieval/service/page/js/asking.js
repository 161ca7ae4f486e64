// From a route to answers: the question in the query language, and its pages.
import { useEffect, useRef, useState } from "./dom.js";
import { search } from "./api.js";
import { hasFilters, isAsking } from "./route.js";

const PAGE = 120;
const ALL_MEDIA = ["image", "video", "audio", "document"];

/** The year, month or day behind one: the service's `before` leaves its own time out. */
function behind(date) {
  const [year, month, day] = date.split("-").map(Number);
  const two = (value) => String(value).padStart(2, "0");
  if (!month) return String(year + 1).padStart(4, "0");
  if (!day) return month < 12 ? `${String(year).padStart(4, "0")}-${two(month + 1)}` : `${String(year + 1).padStart(4, "0")}-01`;
  return new Date(Date.UTC(year, month - 1, day + 1)).toISOString().slice(0, 10);
}

/** The body of a search. An empty box browses: everything, newest first. */
export function question(route) {
  const isBrowsing = !isAsking(route);
  const body = { query: route.q.trim(), filters: { media: route.in } };
  for (const name of ["after", "path", "camera", "lang", "tag"]) {
    if (route[name]) body.filters[name] = route[name];
  }
  if (route.until) body.filters.before = behind(route.until);
  if (isBrowsing && !hasFilters(route)) body.filters.media = ALL_MEDIA;
  if (route.like) body.like = route.like;
  if (route.more.length) body.more_like = route.more;
  if (route.less.length) body.less_like = route.less;
  if (route.reach) body.reach = route.reach;
  if (isBrowsing || route.sort === "date") body.sort = "date";
  return body;
}

const NOTHING = { hits: [], sure: 0, total: 0, hasMore: false, state: "idle", error: null, key: null };

/**
 * The answer of a route: {hits, sure (how many of them are), total, hasMore, state, error, more()}.
 * state: loading, done or failed. While a new question is asked, the hits of the last one stay.
 */
export function useAnswer(route, upload, attempt) {
  const [answer, setAnswer] = useState(NOTHING);
  const body = question(route);
  const key = JSON.stringify([body, route.file]);
  const latest = useRef({});
  const running = useRef(null);

  const ask = async (offset) => {
    running.current?.abort();
    const own = new AbortController();
    running.current = own;
    setAnswer((known) => ({ ...known, state: "loading" }));
    try {
      const found = await search({ ...body, limit: PAGE, offset }, upload?.file, own.signal);
      setAnswer((known) => merged(offset ? known : NOTHING, found, key));
    } catch (error) {
      if (error.name === "AbortError") return;
      setAnswer((known) => ({ ...known, state: "failed", error, key }));
    } finally {
      if (running.current === own) running.current = null;
    }
  };

  useEffect(() => {
    if (route.view || (route.file && !upload)) return undefined;
    ask(0);
    return () => running.current?.abort();
  }, [key, attempt, Boolean(route.view)]);

  latest.current = { answer, ask };
  const more = useRef(() => {
    const known = latest.current.answer;
    if (known.state === "done" && known.hasMore) latest.current.ask(known.hits.length);
  }).current;
  return { ...answer, isFresh: answer.key === key, asked: { question: body, file: upload?.file }, isBrowsing: !isAsking(route), isGone: Boolean(route.file && !upload), isFiltered: hasFilters(route), more };
}

function merged(known, found, key) {
  const sure = found.hits.map((hit) => ({ ...hit, sure: true }));
  const possible = found.possible.map((hit) => ({ ...hit, sure: false }));
  const hits = [...known.hits, ...sure, ...possible];
  return {
    hits,
    sure: known.sure + sure.length,
    total: Math.max(found.total, hits.length),
    hasMore: found.has_more && sure.length + possible.length > 0,
    state: "done",
    error: null,
    key,
    reason: found.reason,
    best: found.best,
    warnings: found.warnings,
    understood: found.query,
    took: found.took_ms,
  };
}
