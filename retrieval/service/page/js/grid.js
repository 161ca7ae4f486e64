// The justified grid of answers. Only the rows near the window are in the document, however many answers there are.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "./dom.js";
import { between, justify } from "./layout.js";
import { month, t } from "./words.js";
import { Tile } from "./tiles.js";

const HEADING = 52;

/** Sections of an answer: what is sure, what is less sure; or, where nothing was asked, months. */
function sections(answer) {
  if (answer.isBrowsing) {
    const months = [];
    answer.hits.forEach((hit, place) => {
      const name = hit.date ? hit.date.slice(0, 7) : "";
      if (!months.length || months.at(-1).name !== name) {
        months.push({ name, kind: "month", title: name ? month(name) : t("date.none"), first: place, hits: [] });
      }
      months.at(-1).hits.push(hit);
    });
    return months;
  }
  const [sure, possible] = [answer.hits.slice(0, answer.sure), answer.hits.slice(answer.sure)];
  const found = [];
  if (sure.length) found.push({ kind: "sure", title: "", first: 0, hits: sure });
  if (possible.length) found.push({ kind: "possible", title: t(sure.length ? "answers.less" : "answers.nearest"), first: sure.length, hits: possible });
  return found;
}

/** All rows of all sections, with headings as rows of their own. */
function layout(answer, width) {
  const narrow = width < 640;
  const gap = narrow ? 4 : 8;
  const tall = narrow ? 150 : width < 1100 ? 190 : 220;
  const rows = [];
  let top = 0;
  for (const each of sections(answer)) {
    if (each.title) {
      rows.push({ top, height: HEADING, heading: each.title, section: each, first: -1, tiles: [] });
      top += HEADING;
    }
    const height = each.kind === "possible" ? tall * 0.8 : tall;
    const made = justify(each.hits, width, height, gap, top, each.first);
    for (const row of made.rows) rows.push({ ...row, section: each });
    top = made.bottom + (each.kind === "month" ? 8 : 16);
  }
  return { rows, height: top };
}

/** What of the list is in sight: [top, bottom) in pixels of the list, with a screen's height on either side. */
function useSight(box) {
  const [sight, setSight] = useState([0, 2000]);
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
    look();
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

function useWidth(box) {
  const [width, setWidth] = useState(0);
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
  const { rows, height } = useMemo(() => layout(answer, width || 800), [answer.hits, answer.isBrowsing, width, document.documentElement.lang]);
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
