// The row of chips below the box: media, date, folder, camera, language, tag, length, place, and the order.
import { classes, html, useEffect, useState } from "./dom.js";
import { facets } from "./api.js";
import { clock, day, language, month, number, t } from "./words.js";
import { Icon } from "./icons.js";
import { go, HOME, hasFilters, withoutFilters } from "./route.js";
import { Popover } from "./popover.js";
import { later } from "./later.js";

const WorldMap = later(() => import("./map.js"), "WorldMap");

const MEDIA = ["image", "video", "audio", "document"];
const LENGTHS = ["-10", "10-60", "60-300", "300-1800", "1800-"]; // seconds
const MOST = 60; // values that a list shows; further ones are typed

/** isReady: the first answer is there, before which nothing else is asked. */
export function Filters({ route, isAsking, version, isReady }) {
  const known = useFacets(version, isReady);
  const toggle = (medium) => {
    const rest = route.in.filter((each) => each !== medium);
    go({ in: rest.length === route.in.length ? [...rest, medium].sort() : rest });
  };
  const list = (name, icon, values, shown = (value) => value) => (route[name] || Object.keys(values ?? {}).length > 0) && html`
    <${Choice} key=${name} name=${name} icon=${icon} value=${route[name]} values=${values ?? {}} shown=${shown} />`;
  return html`<div class="filters" role="group" aria-label=${t("filters.label")}>
    ${MEDIA.filter((medium) => !known || known.media[medium] || route.in.includes(medium)).map((medium) => html`
      <button key=${medium} type="button" class=${classes("chip", { "is-set": route.in.includes(medium) })} aria-pressed=${route.in.includes(medium)}
        onClick=${() => toggle(medium)}><${Icon} name=${medium} /><span>${t(`media.${medium}`)}</span></button>`)}
    <span class="divide" aria-hidden="true"></span>
    <${Dates} route=${route} months=${known?.months ?? {}} />
    ${list("path", "folder", known?.folders, shortFolder)}
    ${list("camera", "camera", known?.cameras)}
    ${list("lang", "language", known?.languages, languageName)}
    ${list("tag", "tag", known?.tags)}
    ${(route.lasts || known?.media.video > 0 || known?.media.audio > 0) && html`<${Lengths} value=${route.lasts} />`}
    ${(route.near || known?.places.length > 0) && html`<${Places} value=${route.near} places=${known?.places ?? []} />`}
    ${isAsking && html`<button type="button" class=${classes("chip", { "is-set": route.sort === "date" })} aria-pressed=${route.sort === "date"}
      onClick=${() => go({ sort: route.sort ? "" : "date" })}><${Icon} name="sort" /><span>${t("filters.newest")}</span></button>`}
    ${route.more.length + route.less.length > 0 && html`<button type="button" class="chip is-set" onClick=${() => go({ more: [], less: [] })}>
      <${Icon} name="close" /><span>${t("filters.feedback", { more: route.more.length, less: route.less.length })}</span></button>`}
    ${route.reach && html`<button type="button" class="chip is-set" onClick=${() => go({ reach: "" })}><${Icon} name="close" /><span>${t("filters.all")}</span></button>`}
    ${hasFilters(route) && html`<button type="button" class="chip chip-quiet" onClick=${() => go(withoutFilters)}>
      <${Icon} name="close" /><span>${t("filters.none")}</span></button>`}
  </div>`;
}

function useFacets(version, isReady) {
  const [known, setKnown] = useState(null);
  useEffect(() => {
    if (!isReady) return undefined;
    const own = new AbortController();
    facets(own.signal).then(setKnown, () => {});
    return () => own.abort();
  }, [version, isReady]);
  return known;
}

const shortFolder = (folder) => folder.split(/[\\/]/).slice(-2).join("/");

function languageName(code) {
  try {
    return new Intl.DisplayNames(language, { type: "language" }).of(code);
  } catch {
    return code;
  }
}

/** A filter with one value of a list, the most frequent first; folders by their paths. */
function Choice({ name, icon, value, values, shown }) {
  const [wanted, setWanted] = useState("");
  const all = Object.entries(values);
  const found = all.filter(([each]) => `${each} ${shown(each)}`.toLowerCase().includes(wanted.toLowerCase())).slice(0, MOST);
  const choose = (close, each) => {
    go({ [name]: each });
    close();
  };
  return html`<${Popover} icon=${icon} label=${value ? shown(value) : t(`filters.${name}`)} isSet=${Boolean(value)} title=${value || undefined}>
    ${(close) => html`
      ${(all.length > 8 || name === "tag") && html`<input type="text" class="narrow" value=${wanted} aria-label=${t(`filters.${name}.find`)} placeholder=${t(`filters.${name}.find`)}
        onInput=${(event) => setWanted(event.currentTarget.value)}
        onKeyDown=${(event) => event.key === "Enter" && wanted && choose(close, found.length ? found[0][0] : wanted)} />`}
      <ul class="choices">
        ${value && html`<li key="any"><button type="button" onClick=${() => choose(close, "")}>${t("filters.any")}</button></li>`}
        ${found.map(([each, count]) => html`<li key=${each}><button type="button" aria-pressed=${each === value} onClick=${() => choose(close, each)} title=${each}>
          <span class="value">${shown(each)}</span><span class="count">${number(count)}</span></button></li>`)}
      </ul>`}
  </${Popover}>`;
}

/** How long videos and recordings last. */
function Lengths({ value }) {
  const shown = (range) => {
    const [least, most] = range.split("-").map((each) => each && clock(1000 * Number(each)));
    return least && most ? `${least} – ${most}` : t(least ? "filters.longer" : "filters.shorter", { time: least || most });
  };
  return html`<${Popover} icon="clock" label=${value ? shown(value) : t("filters.lasts")} isSet=${Boolean(value)}>
    ${(close) => html`<ul class="choices">${["", ...LENGTHS].filter((each) => each || value).map((each) => html`<li key=${each}>
      <button type="button" aria-pressed=${each === value} onClick=${() => { go({ lasts: each }); close(); }}>${each ? shown(each) : t("filters.any")}</button></li>`)}</ul>`}
  </${Popover}>`;
}

/** Where something was taken, on a map. */
function Places({ value, places }) {
  const label = value ? t("filters.around", { km: Number(value.split(",")[2]) }) : t("filters.place");
  return html`<${Popover} icon="place" label=${label} isSet=${Boolean(value)} title=${value || undefined} className="popover-map">
    ${(close) => html`<${WorldMap} places=${places} value=${value} onChoose=${(near) => go({ near })} />
      ${value && html`<button type="button" class="link" onClick=${() => { go({ near: "" }); close(); }}>${t("filters.any")}</button>`}`}
  </${Popover}>`;
}

/** From and until, both included, with a histogram of the library's months. */
function Dates({ route, months }) {
  const set = Boolean(route.after || route.until);
  const name = !set ? t("filters.date")
    : route.after && route.after === route.until ? month(route.after)
    : `${route.after ? day(route.after) : "…"} – ${route.until ? day(route.until) : "…"}`;
  return html`<${Popover} icon="calendar" label=${name} isSet=${set} className="popover-dates">
    ${(close) => html`
      <${Histogram} months=${months} route=${route} />
      <div class="pair">
        <label><span>${t("filters.after")}</span><input type="date" value=${route.after.length === 10 ? route.after : ""} onChange=${(event) => go({ after: event.currentTarget.value })} /></label>
        <label><span>${t("filters.before")}</span><input type="date" value=${route.until.length === 10 ? route.until : ""} onChange=${(event) => go({ until: event.currentTarget.value })} /></label>
      </div>
      ${set && html`<button type="button" class="link" onClick=${() => { go({ after: "", until: "" }); close(); }}>${t("filters.any")}</button>`}`}
  </${Popover}>`;
}

/** Bars by year, or by month within one; a click takes that time. */
function Histogram({ months, route }) {
  const byYear = new Map();
  for (const [name, count] of Object.entries(months)) byYear.set(name.slice(0, 4), (byYear.get(name.slice(0, 4)) ?? 0) + count);
  const bars = byYear.size > 1 ? [...byYear] : Object.entries(months);
  if (!bars.length) return null;
  bars.sort(([a], [b]) => (a < b ? -1 : 1));
  const most = Math.max(...bars.map(([, count]) => count));
  return html`<div class="histogram" role="group" aria-label=${t("filters.histogram")}>
    ${bars.map(([name, count]) => html`<button key=${name} type="button" aria-pressed=${route.after === name && route.until === name}
      aria-label=${`${day(name)}: ${t("count.files", { n: count })}`} title=${`${day(name)}: ${number(count)}`} onClick=${() => go({ after: name, until: name })}>
      <span class="pillar" style=${{ height: `${Math.max(4, (100 * count) / most)}%` }}></span><span class="year">${bars.length <= 14 ? name.slice(byYear.size > 1 ? 0 : 5) : ""}</span></button>`)}
  </div>`;
}
