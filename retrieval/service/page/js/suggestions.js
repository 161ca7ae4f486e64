// What may be meant by what is typed: tags, folders, cameras, files, and searches that were saved.
import { html, useEffect, useRef, useState } from "./dom.js";
import { savedSearches, suggest } from "./api.js";
import { inFront } from "./question.js";
import { go, HOME } from "./route.js";
import { Icon } from "./icons.js";
import { number, t } from "./words.js";

const ICONS = { tag: "tag", folder: "folder", camera: "camera", name: "document", saved: "saved" };
const FILTERS = { tag: "tag", folder: "path", camera: "camera" };
const MOST = 5;

/** Those for a text, [] while there are none; of the text that was typed last alone. */
export function useSuggestions(text, isWanted) {
  const [found, setFound] = useState({ text: "", items: [] });
  const asked = isWanted ? text : "";
  useEffect(() => {
    if (!asked.trim()) return undefined;
    const own = new AbortController();
    Promise.all([suggest(asked, MOST, own.signal), savedSearches()]).then(([items, saved]) => {
      if (!own.signal.aborted) setFound({ text: asked, items: [...matching(saved, asked), ...items].slice(0, MOST) });
    }, () => {}); // the answers say what is wrong
    return () => own.abort();
  }, [asked]);
  return asked.trim() && asked.startsWith(found.text) ? found.items : [];
}

/** The words of a question; an answer's own has them as `written`. */
const textOf = (query) => query.query || query.written || "";

/** Saved searches whose name or question holds what is typed. */
function matching(saved, text) {
  const wanted = text.trim().toLowerCase();
  return saved.filter(({ name, query }) => `${name} ${textOf(query)}`.toLowerCase().includes(wanted)).slice(0, 2)
    .map((each) => ({ kind: "saved", value: each.id, text: each.name, query: each.query }));
}

/** Shows what a suggestion stands for: a filter beside the words before it, a file, or a saved search. */
export function take(item, text) {
  const before = Array.from(text).slice(0, item.start ?? 0).join("").trim();
  if (item.kind === "saved") go(routeOf(item.query));
  else if (item.kind === "name") go({ ...HOME, q: text, open: item.value });
  else go({ q: before, [FILTERS[item.kind]]: item.value, view: "", open: "" });
}

/** The route of a saved question, as far as the page has fields for it. */
export function routeOf(query) {
  const { media = [], after = "", path = "", camera = "", lang = "", tag = "", before, near, min_duration_ms, max_duration_ms } = query.filters ?? {};
  const until = before?.length <= 10 ? inFront(before) : "";
  const lasts = [min_duration_ms, max_duration_ms].map((each) => (each ? each / 1000 : "")).join("-");
  const texts = Object.entries({ after, path, camera, lang, tag }).map(([name, value]) => [name, value ?? ""]);
  const like = [query.like ?? []].flat()[0] ?? "";
  const sort = query.sort === "date" ? "date" : "";
  const reach = query.reach && query.reach !== "possible" ? query.reach : "";
  return { ...HOME, ...Object.fromEntries(texts), q: textOf(query), in: media, until, near: near?.join(",") ?? "", lasts: lasts === "-" ? "" : lasts,
    like, more: query.more_like ?? [], less: query.less_like ?? [], sort, reach };
}

/** items: what is suggested for `text`. onTake(item): one was chosen. onLeave(): back to the box. */
export function Suggestions({ items, onTake, onLeave }) {
  const list = useRef();
  const press = (event) => {
    const buttons = [...list.current.querySelectorAll("button")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      event.stopPropagation();
      onLeave();
    }
    if (!step) return;
    event.preventDefault();
    const next = buttons.indexOf(document.activeElement) + step;
    if (next < 0) onLeave();
    else buttons[Math.min(next, buttons.length - 1)].focus();
  };
  return html`<ul class="suggestions" ref=${list} aria-label=${t("suggest.label")} onKeyDown=${press}>
    ${items.map((item) => html`<li key=${item.kind + item.value}><button type="button" onClick=${() => onTake(item)}>
      <${Icon} name=${ICONS[item.kind]} /><span class="value">${item.text}</span>
      <span class="count">${t(`suggest.${item.kind}`)}${item.files > 1 ? ` · ${number(item.files)}` : ""}</span></button></li>`)}
  </ul>`;
}
