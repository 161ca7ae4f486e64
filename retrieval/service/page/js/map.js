// Where pictures were taken: an outline of the world with a disc for each neighbourhood. It needs no network.
import { classes, html, useEffect, useMemo, useRef, useState } from "./dom.js";
import { land } from "./api.js";
import { Icon } from "./icons.js";
import { number, t } from "./words.js";

const WIDE = 3600; // units of the map: tenths of a degree from 180° west and 90° north
const CLOSEST = 60;
const CELLS = 14; // across the map: what lies within one is one disc
const KM = 11.1; // of a unit, along a meridian
const MARGIN_KM = 9; // places are known to a tenth of a degree
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const within = ({ x, y, w }) => ({ x: clamp(x, 0, WIDE - w), y: clamp(y, 0, (WIDE - w) / 2), w });

const atMap = (each) => ({ x: (each.longitude + 180) * 10, y: (90 - each.latitude) * 10, assets: each.assets });

/** The part of the map that shows all places. */
function fitted(points) {
  if (!points.length) return { x: 0, y: 0, w: WIDE };
  const [xs, ys] = [points.map((each) => each.x), points.map((each) => each.y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const w = clamp(1.3 * Math.max(right - left, 2 * (bottom - top)), 300, WIDE);
  return within({ x: (left + right - w) / 2, y: (top + bottom - w / 2) / 2, w });
}

/** Kilometres between two points, near enough for a filter: as on a cylinder at their latitude. */
const distance = (a, b) => KM * Math.hypot((a.x - b.x) * Math.cos(((900 - a.y) / 1800) * Math.PI), a.y - b.y);

/** Discs of a part of the map: {x, y, assets, near: "latitude,longitude,kilometres" that holds all of it}. */
function clustered(points, w) {
  const cells = new Map();
  for (const each of points) {
    const name = `${Math.floor((each.x * CELLS) / w)} ${Math.floor((each.y * CELLS) / w)}`;
    cells.set(name, [...(cells.get(name) ?? []), each]);
  }
  return [...cells.values()].map((own) => {
    const assets = own.reduce((all, each) => all + each.assets, 0);
    const middle = (axis) => own.reduce((all, each) => all + each[axis] * each.assets, 0) / assets;
    const at = { x: middle("x"), y: middle("y") };
    const km = Math.ceil(Math.max(...own.map((each) => distance(at, each))) + MARGIN_KM);
    return { ...at, assets, near: `${(90 - at.y / 10).toFixed(2)},${(at.x / 10 - 180).toFixed(2)},${km}` };
  }).sort((a, b) => a.x - b.x);
}

/** places: [{latitude, longitude, assets}]. value: the filter that is set. onChoose(near). */
export function WorldMap({ places, value, onChoose }) {
  const points = useMemo(() => places.map(atMap), [places]);
  const [view, setView] = useState(() => fitted(points));
  const [paths, setPaths] = useState(null);
  const box = useRef();
  const drag = useRef(null);
  useEffect(() => {
    land().then(setPaths, () => {}); // discs without an outline still choose
  }, []);
  const zoom = (factor, at = { x: view.x + view.w / 2, y: view.y + view.w / 4 }) => setView((known) => {
    const w = clamp(known.w * factor, CLOSEST, WIDE);
    return within({ x: at.x - ((at.x - known.x) * w) / known.w, y: at.y - ((at.y - known.y) * w) / known.w, w });
  });
  const place = (event) => {
    const { left, top, width } = box.current.getBoundingClientRect();
    return { x: view.x + ((event.clientX - left) * view.w) / width, y: view.y + ((event.clientY - top) * view.w) / width };
  };
  const turn = (event) => {
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, place(event));
  };
  const move = (event) => {
    if (!drag.current) return;
    const now = place(event);
    setView((known) => within({ ...known, x: known.x + drag.current.x - now.x, y: known.y + drag.current.y - now.y }));
  };
  const press = (event) => {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
    if (event.key === "+") zoom(0.6);
    if (event.key === "-") zoom(1.6);
    if (dx === undefined) return;
    event.preventDefault();
    setView(within({ ...view, x: view.x + (dx * view.w) / 8, y: view.y + (dy * view.w) / 8 }));
  };
  const share = (part, whole) => `${(100 * part) / whole}%`;
  const discs = clustered(points, view.w).filter((each) => each.x >= view.x && each.x <= view.x + view.w && each.y >= view.y && each.y <= view.y + view.w / 2);
  return html`<div class="map" role="group" aria-label=${t("filters.map")} ref=${box} onWheel=${turn} onKeyDown=${press}
      onPointerDown=${(event) => { drag.current = event.target.closest("button") ? null : place(event); }} onPointerMove=${move}
      onPointerUp=${() => { drag.current = null; }} onPointerLeave=${() => { drag.current = null; }}>
    <svg viewBox=${`${view.x} ${view.y} ${view.w} ${view.w / 2}`} aria-hidden="true">
      ${paths && html`<path class="land" d=${paths.land} /><path class="borders" d=${paths.borders} />`}</svg>
    ${discs.map((each) => html`<button key=${each.near} type="button" class=${classes("disc", { "is-set": value === each.near })} aria-pressed=${value === each.near}
      style=${{ left: share(each.x - view.x, view.w), top: share(each.y - view.y, view.w / 2) }} onClick=${() => onChoose(value === each.near ? "" : each.near)}
      aria-label=${t("filters.here", { n: each.assets, place: each.near.split(",").slice(0, 2).join(", ") })}><span>${number(each.assets)}</span></button>`)}
    <div class="map-zoom"><button type="button" class="icon-button" onClick=${() => zoom(0.6)} aria-label=${t("filters.closer")}><${Icon} name="more" /></button>
      <button type="button" class="icon-button" onClick=${() => zoom(1.6)} aria-label=${t("filters.farther")}><${Icon} name="less" /></button></div>
  </div>`;
}
