// The justified grid of answers. Only the rows near the window are in the document, however many answers there are.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState, whenIdle } from "./dom.js";
import { between, justify } from "./layout.js";
import { month, t } from "./words.js";
import { Tile } from "./tiles.js";

const HEADING = 52;

/** The section of the hit at a place: {kind, name, title()}: what is sure, what is less sure; or, where nothing was asked, its month. */
function sectionOf(answer, place) {
  if (answer.isBrowsing) {
    const name = answer.hits[place].date?.slice(0, 7) ?? "";
    return { kind: "month", name, title: () => (name ? month(name) : t("date.none")) };
  }
  const kind = place < answer.sure ? "sure" : "possible";
  return { kind, name: kind, title: () => (kind === "sure" ? "" : t(answer.sure ? "answers.less" : "answers.nearest")) };
}

/** Whether an answer is the one that was laid out, with more hits or none behind it. */
function goesOn(known, answer, width, lang) {
  const before = known?.hits.length;
  return before > 0 && before <= answer.hits.length && known.width === width && known.lang === lang && known.isBrowsing === answer.isBrowsing
    && known.hits[0] === answer.hits[0] && known.hits[before - 1] === answer.hits[before - 1] && (known.sure === answer.sure || known.sure === before);
}

/**
 * All rows of all sections, with headings as rows of their own: {rows, height, ...}. Of an answer that goes on, what
 * `known` holds stays, but for its last row, which may not be full.
 */
function layout(known, answer, width, lang) {
  const isMore = goesOn(known, answer, width, lang);
  const rows = isMore ? known.rows : [];
  const last = isMore ? rows.pop() : null;
  const gap = width < 640 ? 4 : 8;
  const tall = width < 640 ? 150 : width < 1100 ? 190 : 220;
  let section = last?.section ?? null;
  let top = last?.top ?? 0;
  let first = last?.first ?? 0;
  while (first < answer.hits.length) {
    const own = sectionOf(answer, first);
    if (section?.name !== own.name) {
      section = { kind: own.kind, name: own.name, title: own.title(), first };
      if (section.title) {
        rows.push({ top, height: HEADING, heading: section.title, section, first: -1, tiles: [] });
        top += HEADING;
      }
    }
    let end = first + 1;
    while (end < answer.hits.length && sectionOf(answer, end).name === section.name) end += 1;
    const made = justify(answer.hits.slice(first, end), width, section.kind === "possible" ? tall * 0.8 : tall, gap, top, first);
    for (const row of made.rows) rows.push({ ...row, section });
    top = made.bottom + (section.kind === "month" ? 8 : 16);
    first = end;
  }
  return { rows, height: top, hits: answer.hits, sure: answer.sure, isBrowsing: answer.isBrowsing, width, lang };
}

/** What of the list is in sight: [top, bottom) in pixels of the list, with a screen's height on either side. */
function useSight(box) {
  const [sight, setSight] = useState([0, innerHeight]); // what is not in sight waits until that is painted
  useEffect(() => {
    let waiting = 0;
    const look = () => {
      waiting = 0;
      if (!box.current) return;
      const start = -box.current.getBoundingClientRect().top;
      const reach = Math.max(innerHeight, 400);
      const step = 200; // so that scrolling a little renders nothing
      const next = [Math.floor((start - reach) / step) * step, Math.ceil((start + 2 * reach) / step) * step];
      setSight((known) => (known[0] === next[0] && known[1] === next[1] ? known : next));
    };
    const soon = () => {
      waiting ||= requestAnimationFrame(look);
    };
    whenIdle(look);
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    return () => {
      cancelAnimationFrame(waiting);
      removeEventListener("scroll", soon);
      removeEventListener("resize", soon);
    };
  }, []);
  return sight;
}

/** The width of the list before it is there. */
function innerWidthOfMain() {
  const main = document.getElementById("main");
  return Math.floor(main.clientWidth - 2 * parseFloat(getComputedStyle(main).paddingInlineStart));
}

function useWidth(box) {
  const [width, setWidth] = useState(innerWidthOfMain);
  useLayoutEffect(() => {
    const watcher = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    setWidth(Math.floor(box.current.getBoundingClientRect().width));
    watcher.observe(box.current);
    return () => watcher.disconnect();
  }, []);
  return width;
}

/** The tile that an arrow key leads to. */
function neighbour(rows, active, key) {
  const own = rows.findIndex((row) => active >= row.first && active < row.first + row.tiles.length);
  if (key === "ArrowLeft") return active - 1;
  if (key === "ArrowRight") return active + 1;
  if (own < 0) return active;
  const step = key === "ArrowUp" ? -1 : 1;
  let next = own + step;
  while (rows[next]?.heading) next += step;
  if (!rows[next]) return active;
  const tile = rows[own].tiles[active - rows[own].first];
  const middle = tile.left + tile.width / 2;
  const found = rows[next].tiles.findIndex((each) => each.left + each.width >= middle);
  return rows[next].first + (found < 0 ? rows[next].tiles.length - 1 : found);
}

export function Grid({ answer, chosen, onOpen, onChoose }) {
  const box = useRef();
  const width = useWidth(box);
  const sight = useSight(box);
  const [active, setActive] = useState(0);
  const wanted = useRef(null);
  const laid = useRef(null);
  const lang = document.documentElement.lang;
  laid.current = useMemo(() => layout(laid.current, answer, width || 800, lang), [answer.hits, answer.isBrowsing, width, lang]);
  const { rows, height } = laid.current;
  const shown = between(rows, sight[0], sight[1]);
  const focused = rows.find((row) => active >= row.first && active < row.first + row.tiles.length);
  if (focused && !shown.includes(focused)) shown.push(focused); // it holds the keyboard's place

  useEffect(() => setActive(0), [answer.key]);
  useEffect(() => {
    if (sight[1] > height - 600) answer.more();
  }, [sight, height, answer.state]);
  useEffect(() => {
    if (wanted.current !== active) return;
    wanted.current = null;
    const tile = box.current.querySelector(`[data-place="${active}"]`);
    tile?.focus({ preventScroll: true });
    tile?.scrollIntoView({ block: "nearest" });
  });

  const press = (event) => {
    if (!event.key.startsWith("Arrow") && event.key !== "Home" && event.key !== "End") return;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const last = answer.hits.length - 1;
    const next = event.key === "Home" ? 0 : event.key === "End" ? last : neighbour(rows, active, event.key);
    wanted.current = Math.min(last, Math.max(0, next));
    setActive(wanted.current);
  };

  const parts = new Map();
  for (const row of shown) parts.set(row.section, [...(parts.get(row.section) ?? []), row]);
  const tile = (row, own, place) => {
    const index = row.first + place;
    const hit = answer.hits[index];
    return html`<${Tile} key=${hit.asset} hit=${hit} place=${index} total=${answer.total} box=${{ ...own, top: row.top, height: row.height }}
      isActive=${index === active} isChosen=${chosen.has(hit.asset)} isChoosing=${chosen.size > 0}
      onFocus=${setActive} onOpen=${onOpen} onChoose=${onChoose} />`;
  };
  return html`<div class="grid" ref=${box} style=${{ height: `${height}px` }} onKeyDown=${press}>
    ${[...parts].map(([section, own]) => html`<${Part} key=${section.first} section=${section} rows=${own} tile=${tile} />`)}
  </div>`;
}

function Part({ section, rows, tile }) {
  const heading = rows.find((row) => row.heading);
  const filled = rows.filter((row) => !row.heading);
  return html`${heading && html`<div class=${`section section-${section.kind}`} style=${{ transform: `translateY(${heading.top}px)` }}>
      <h2>${heading.heading}</h2></div>`}
    ${filled.length > 0 && html`<div role="list" aria-label=${section.title || t("answers.list")}>
      ${filled.map((row) => row.tiles.map((own, place) => tile(row, own, place)))}</div>`}`;
}
