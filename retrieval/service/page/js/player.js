// A video or recording that plays from its moment, under it how sure the question is over time.
import { classes, html, useEffect, useMemo, useRef, useState } from "./dom.js";
import { captionsAddress, curve as readCurve, mediaAddress, thumbnailAddress } from "./api.js";
import { useSource } from "./source.js";
import { clock, percent, t } from "./words.js";
import { Icon } from "./icons.js";
import { Marked } from "./marked.js";
import { momentsOf, nameOf, startOf } from "./tiles.js";
import { Waveform } from "./waveform.js";

/** own: the segment to play from. asked: the question, or null while browsing. hold: takes the function that seeks. */
export function Player({ hit, shown, own, asked, hold, onTime, hidden }) {
  const media = useRef();
  const [time, setTime] = useState(startOf(own));
  const [length, setLength] = useState(hit.duration_ms ?? 0);
  const [broken, setBroken] = useState(false);
  const curve = useCurve(hit, asked);
  const start = useRef(startOf(own));
  const source = useSource(mediaAddress(hit.asset));
  hold.current = (ms) => {
    if (!media.current) return;
    media.current.currentTime = ms / 1000;
    media.current.play().catch(() => {});
  };
  const ready = () => {
    if (!media.current) return;
    if (Number.isFinite(media.current.duration)) setLength((known) => known || media.current.duration * 1000);
    if (start.current) media.current.currentTime = start.current / 1000;
  };
  const move = () => {
    if (!media.current) return; // gone while it was being sought
    const ms = media.current.currentTime * 1000;
    setTime(ms);
    onTime(ms);
  };
  const shared = { ref: media, controls: true, src: source, preload: "metadata", "aria-label": nameOf(hit), onLoadedMetadata: ready, onTimeUpdate: move, onSeeked: move, onError: () => setBroken(true) };
  const said = (shown?.segments ?? []).filter((each) => each.kind === "speech" && each.text);
  const marks = new Map(hit.segments.map((each) => [each.id, each.marks]));
  return html`<div class="player" hidden=${hidden}>
    ${broken && html`<p class="stage-note"><${Icon} name=${hit.medium} />${t(hit.offline ? "viewer.offline" : "viewer.noplay")}</p>`}
    ${hit.medium === "video" ? html`<video ...${shared} hidden=${broken} poster=${thumbnailAddress(hit.asset, { side: 960, at: own?.at_ms ?? startOf(own) })} playsinline>
        ${said.length > 0 && html`<track kind="captions" src=${captionsAddress(hit.asset)} label=${t("viewer.captions")} />`}</video>`
      : html`<div class="sound"><div class="sound-wave" onClick=${(event) => { const { left, width } = event.currentTarget.getBoundingClientRect(); hold.current(((event.clientX - left) / width) * length); }}><${Waveform} hit=${hit} bars=${180} segments=${momentsOf(hit)} played=${length ? time / length : 0} /></div><audio ...${shared}></audio></div>`}
    <${Timeline} length=${length} time=${time} curve=${curve} segments=${momentsOf(hit)} seek=${hold.current} />
    ${said.length > 0 && html`<${Words} said=${said} marks=${marks} time=${time} seek=${hold.current} />`}
  </div>`;
}

function useCurve(hit, asked) {
  const [curve, setCurve] = useState(null);
  useEffect(() => {
    if (!asked) return undefined;
    const own = new AbortController();
    readCurve(hit.asset, asked, own.signal).then(setCurve, () => {});
    return () => own.abort();
  }, [hit.asset, JSON.stringify(asked?.question)]);
  return curve;
}

/** Steps of [start, end, confidence] as an area in a box of 1000 x 100. */
function area(steps, length) {
  const x = (ms) => ((1000 * ms) / length).toFixed(1);
  return steps.map(([start, end, sure]) => `M${x(start)} 100V${(100 - 96 * sure).toFixed(1)}H${x(end)}V100Z`).join("");
}

function Timeline({ length, time, curve, segments, seek }) {
  const box = useRef();
  const path = useMemo(() => (curve && length ? area(curve.steps, length) : ""), [curve, length]);
  if (!length) return null;
  const share = (ms) => `${Math.min(100, Math.max(0, (100 * ms) / length))}%`;
  const press = (event) => {
    const { left, width } = box.current.getBoundingClientRect();
    seek(((event.clientX - left) / width) * length);
  };
  const keys = (event) => {
    const step = { ArrowLeft: -1000, ArrowRight: 1000, PageUp: -10000, PageDown: 10000, Home: -length, End: length }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    seek(Math.min(length, Math.max(0, time + step)));
  };
  return html`<div class="timeline" ref=${box} role="slider" tabindex="0" aria-label=${t("viewer.timeline")} aria-valuemin="0" aria-valuemax=${Math.round(length / 1000)}
      aria-valuenow=${Math.round(time / 1000)} aria-valuetext=${t("viewer.of", { time: clock(time), length: clock(length) })} onClick=${press} onKeyDown=${keys} data-curve=${Boolean(path)}>
    <svg viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true"><path d=${path} /></svg>
    ${segments.map((each) => html`<span key=${each.id} class="moment" style=${{ insetInlineStart: share(each.start_ms), width: share(each.end_ms - each.start_ms) }} title=${`${clock(each.start_ms)} – ${clock(each.end_ms)}: ${percent(each.confidence ?? 0)}`}></span>`)}
    <span class="head" style=${{ insetInlineStart: share(time) }}></span>
    <span class="from">${clock(0)}</span><span class="to">${clock(length)}</span>
  </div>`;
}

/** What is said, each line a button that plays from there. */
function Words({ said, marks, time, seek }) {
  return html`<section class="words" aria-label=${t("viewer.words")}>
    ${said.map((each) => html`<button key=${each.id} type="button" class=${classes("", { "is-now": time >= each.start_ms && time < each.end_ms, "is-found": marks.has(each.id) })} onClick=${() => seek(each.start_ms)}>
      <span class="when">${clock(each.start_ms)}</span><span><${Marked} text=${each.text} marks=${marks.get(each.id) ?? []} /></span></button>`)}
  </section>`;
}
