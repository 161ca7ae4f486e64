// From a route to answers, page by page.
import { useLayoutEffect, useRef, useState } from "./dom.js";
import { search } from "./api.js";
import { takeFirst } from "./early.js";
import { PAGE, question } from "./question.js";
import { hasFilters, isAsking } from "./route.js";

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
      const first = offset || upload ? null : takeFirst(body);
      const found = await (first ?? search({ ...body, limit: PAGE, offset }, upload?.file, own.signal));
      if (own.signal.aborted) return;
      setAnswer((known) => merged(offset ? known : NOTHING, found, key));
    } catch (error) {
      if (error.name === "AbortError" || own.signal.aborted) return;
      setAnswer((known) => ({ ...known, state: "failed", error, key }));
    } finally {
      if (running.current === own) running.current = null;
    }
  };

  useLayoutEffect(() => {
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
