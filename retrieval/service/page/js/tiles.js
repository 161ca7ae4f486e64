// One answer in the grid: a picture, a video with its moments, a recording with its sound, a passage of a document.
import { classes, html, memo, useEffect, useRef, useState } from "./dom.js";
import { mediaAddress, thumbnailAddress } from "./api.js";
import { useSource } from "./source.js";
import { clock, day, percent, t } from "./words.js";
import { Icon } from "./icons.js";
import { Marked } from "./marked.js";
import { Waveform } from "./waveform.js";
import { address } from "./route.js";

const HOVER_MS = 350; // the pointer rests: a video plays
const LEAST = 0.1; // confidence from which something is possible: docs/query.md

export const nameOf = (hit) => hit.path.split(/[\\/]/).at(-1);

/** The time from which a segment is shown. */
export const startOf = (segment) => segment?.start_ms ?? segment?.at_ms ?? 0;

/** The words that answer: those that are marked, else those of the best segment. */
const quoteOf = (hit) => hit.segments.find((each) => each.text && each.marks.length) ?? (hit.segments[0]?.text ? hit.segments[0] : null);

/** Parts of a video or recording that may answer, those that hardly do left out. */
export const momentsOf = (hit) => (hit.confidence === null ? [] : hit.segments.filter((each) => each.start_ms !== null && each.confidence >= LEAST));

/** What a screen reader says of an answer. */
function label(hit) {
  const parts = [nameOf(hit), t(`medium.${hit.medium}`)];
  const best = hit.segments[0];
  if (best?.start_ms != null && hit.medium !== "image") parts.push(t("tile.at", { time: clock(best.start_ms) }));
  if (best?.page) parts.push(t("tile.page", { n: best.page }));
  if (hit.confidence !== null) parts.push(t("tile.sure", { share: percent(hit.confidence) }));
  if (hit.offline) parts.push(t("tile.offline"));
  return parts.join(", ");
}

export const Tile = memo(function Tile({ hit, place, total, box, isActive, isChosen, isChoosing, onFocus, onOpen, onChoose }) {
  const [playing, setPlaying] = useState(false);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const enter = () => {
    if (hit.medium === "video" && !hit.offline) timer.current = setTimeout(() => setPlaying(true), HOVER_MS);
  };
  const leave = () => {
    clearTimeout(timer.current);
    setPlaying(false);
  };
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (isChoosing) onChoose(hit);
    else onOpen(hit);
  };
  const style = { transform: `translate(${box.left}px, ${box.top}px)`, width: `${box.width}px`, height: `${box.height}px` };
  const flags = { "is-offline": hit.offline, "is-chosen": isChosen, "is-possible": hit.sure === false };
  return html`<div role="listitem" class=${classes(`tile tile-${hit.medium}`, flags)} style=${style} aria-setsize=${total} aria-posinset=${place + 1}
      onPointerEnter=${enter} onPointerLeave=${leave}>
    <a href=${address({ open: hit.asset, seg: "" })} data-place=${place} aria-label=${label(hit)} tabindex=${isActive ? 0 : -1}
        onClick=${open} onFocus=${() => onFocus(place)}>
      <${Content} hit=${hit} playing=${playing} width=${box.width} />
    </a>
    <label class="choose" onClick=${(event) => event.stopPropagation()}><input type="checkbox" checked=${isChosen} tabindex=${isActive ? 0 : -1}
        aria-label=${t("tile.choose", { name: nameOf(hit) })} onChange=${() => onChoose(hit)} /></label>
  </div>`;
}, same);

function same(before, now) {
  return ["hit", "place", "isActive", "isChosen", "isChoosing", "total"].every((name) => before[name] === now[name])
    && ["left", "top", "width", "height"].every((name) => before.box[name] === now.box[name]);
}

function Content({ hit, playing, width }) {
  if (hit.medium === "audio") return html`<${Recording} hit=${hit} />`;
  if (hit.medium === "document") return html`<${Passage} hit=${hit} />`;
  return html`<${Picture} hit=${hit} playing=${playing} width=${width} />`;
}

const loaded = (event) => event.currentTarget.classList.add("is-loaded");

/** A picture or a frame of a video, under it what is read or said in it. */
function Picture({ hit, playing, width }) {
  const [isBroken, setBroken] = useState(false);
  const best = hit.segments[0];
  const at = hit.medium === "video" ? hit.segments.find((each) => each.at_ms !== null)?.at_ms ?? startOf(best) : undefined;
  const side = width * devicePixelRatio > 480 ? 960 : 480;
  const source = useSource(thumbnailAddress(hit.asset, { side, at }));
  const quote = hit.confidence === null ? null : quoteOf(hit);
  return html`
    ${!isBroken && html`<img alt="" decoding="async" src=${source} onLoad=${loaded} onError=${() => setBroken(true)} />`}
    ${isBroken && html`<span class="broken"><${Icon} name=${hit.medium} /><span>${nameOf(hit)}</span></span>`}
    ${playing && html`<${Preview} hit=${hit} from=${startOf(best)} />`}
    ${hit.medium === "video" && html`<span class="badge"><${Icon} name="play" />${clock(hit.duration_ms ?? 0)}</span>`}
    ${hit.alike > 0 && html`<span class="badge badge-alike"><${Icon} name="copies" />${hit.alike + 1}</span>`}
    <span class=${classes("caption", { "has-quote": Boolean(quote) })}>
      ${quote && html`<span class="quote"><${Marked} text=${quote.text} marks=${quote.marks} around=${70} /></span>`}
      <span class="name">${nameOf(hit)}${hit.confidence !== null && html`<span class="sure">${percent(hit.confidence)}</span>`}</span>
    </span>
    ${hit.medium === "video" && hit.confidence !== null && html`<${Moments} hit=${hit} />`}`;
}

/** A video that plays without sound while the pointer rests on it. */
function Preview({ hit, from }) {
  const video = useRef();
  const source = useSource(mediaAddress(hit.asset));
  useEffect(() => {
    if (!source) return;
    video.current.muted = true;
    video.current.play().catch(() => {});
  }, [source]);
  return html`<video class="preview" ref=${video} src=${source && `${source}#t=${from / 1000}`} playsinline loop tabindex="-1" aria-hidden="true"></video>`;
}

/** Where in a video the answer lies. */
function Moments({ hit }) {
  if (!hit.duration_ms) return null;
  const share = (ms) => `${Math.min(100, (100 * ms) / hit.duration_ms)}%`;
  return html`<span class="moments">${momentsOf(hit).map((each) => html`
    <span key=${each.id} style=${{ insetInlineStart: share(each.start_ms), width: share(each.end_ms - each.start_ms) }}></span>`)}</span>`;
}

function Recording({ hit }) {
  const quote = quoteOf(hit);
  return html`<span class="card">
    <span class="head"><${Icon} name="audio" /><span class="name">${nameOf(hit)}</span><span class="time">${clock(hit.duration_ms ?? 0)}</span></span>
    <${Waveform} hit=${hit} bars=${72} segments=${momentsOf(hit)} />
    <span class="quote">${quote ? html`<${Marked} text=${quote.text} marks=${quote.marks} around=${90} />` : hit.date ? day(hit.date) : ""}</span>
  </span>`;
}

function Passage({ hit }) {
  const quote = quoteOf(hit);
  const page = quote?.page ?? hit.segments[0]?.page;
  const isPicture = !quote && hit.segments[0]?.evidence === "picture";
  return html`<span class="card">
    <span class="head"><${Icon} name="document" /><span class="name">${nameOf(hit)}</span>${page && html`<span class="time">${t("tile.page", { n: page })}</span>`}</span>
    ${isPicture && html`<span class="inside"><${Icon} name="image" />${t("tile.inside")}</span>`}
    <span class="text">${quote && html`<${Marked} text=${quote.text} marks=${quote.marks} around=${320} />`}</span>
  </span>`;
}
