// One answer at full size: the picture, the video with its curve, the recording with its words, the document.
import { classes, html, useEffect, useRef, useState } from "./dom.js";
import { asset as readAsset, canReveal, duplicates, explain as readReasons, frameAddress, mediaAddress, reveal, thumbnailAddress } from "./api.js";
import { useSource } from "./source.js";
import { clock, moment, number, percent, size, t } from "./words.js";
import { Icon } from "./icons.js";
import { address, go, HOME } from "./route.js";
import { nameOf } from "./tiles.js";
import { Crop } from "./crop.js";
import { Player } from "./player.js";
import { Pages } from "./pages.js";

/** hits: the answers that next and previous go through. asked: the question, for curves and reasons. */
export function Viewer({ name, segment, hits, asked, isAsking, onAsk }) {
  const dialog = useRef();
  const found = useAsset(name);
  const place = hits.findIndex((hit) => hit.asset === name);
  const hit = hits[place] ?? hitOf(found.shown);
  const [mode, setMode] = useState("look");
  useEffect(() => setMode("look"), [name]);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    dialog.current.querySelector("h2").focus();
    return () => before?.isConnected && before.focus({ preventScroll: true });
  }, []);
  const close = () => go({ open: "", seg: "" });
  const step = (by) => {
    const next = hits[place + by];
    if (next) go({ open: next.asset, seg: next.segments[0]?.id ?? "" }, { replace: true });
  };
  const press = (event) => {
    if (mode !== "look" || event.target.matches("input, video, audio, select, [role=slider]")) return;
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  };
  const cancel = (event) => {
    event.preventDefault();
    if (mode === "crop") setMode("look");
    else close();
  };
  return html`<dialog class="viewer" ref=${dialog} aria-label=${hit ? nameOf(hit) : t("viewer.label")} onCancel=${cancel} onKeyDown=${press}>
    <header>
      <button type="button" class="icon-button" onClick=${close} aria-label=${t("viewer.close")} title=${t("viewer.close")}><${Icon} name="close" /></button>
      <h2 tabindex="-1">${hit ? nameOf(hit) : t("viewer.label")}</h2>
      <span class="place">${place >= 0 && `${number(place + 1)} / ${number(hits.length)}`}</span>
      <button type="button" class="icon-button" disabled=${place <= 0} onClick=${() => step(-1)} aria-label=${t("viewer.previous")}><${Icon} name="previous" /></button>
      <button type="button" class="icon-button" disabled=${place < 0 || place >= hits.length - 1} onClick=${() => step(1)} aria-label=${t("viewer.next")}><${Icon} name="next" /></button>
    </header>
    ${found.error ? html`<div class="viewer-gone" role="alert"><${Icon} name="warning" /><p>${found.error.offline ? t("offline.text") : found.error.message}</p></div>`
      : hit && html`<${Shown} key=${hit.asset} hit=${hit} shown=${found.shown} segment=${segment} asked=${asked} isAsking=${isAsking} mode=${mode} onMode=${setMode} onAsk=${onAsk} />`}
  </dialog>`;
}

function useAsset(name) {
  const [found, setFound] = useState({ shown: null, error: null });
  useEffect(() => {
    const own = new AbortController();
    setFound({ shown: null, error: null });
    readAsset(name, own.signal).then((shown) => setFound({ shown, error: null }), (error) => {
      if (error.name !== "AbortError") setFound({ shown: null, error });
    });
    return () => own.abort();
  }, [name]);
  return found;
}

/** What a link opens that is no answer of the question beside it, in the form of a hit. */
function hitOf(shown) {
  if (!shown) return null;
  const { width, height, duration_ms, date, date_from, taken_at } = shown.facts;
  const paths = shown.paths.map((each) => each.path);
  const segments = [];
  return { ...shown, path: paths[0], paths, segments, width, height, duration_ms, date, date_from, taken_at, confidence: null, alike: 0 };
}

function Shown({ hit, shown, segment, asked, isAsking, mode, onMode, onAsk }) {
  const [reasons, setReasons] = useState(null);
  const [showsCopies, setCopies] = useState(false);
  const [at, setAt] = useState(0);
  const player = useRef();
  const seek = (ms) => player.current?.(ms);
  const why = async () => {
    if (reasons) {
      setReasons(null);
      return;
    }
    try {
      setReasons(await readReasons(segment || hit.asset, asked));
    } catch (error) {
      setReasons({ error });
    }
  };
  const own = hit.segments.find((each) => each.id === segment) ?? hit.segments[0];
  const timed = hit.medium === "video" || hit.medium === "audio";
  return html`<div class="viewer-body">
    <div class=${`stage stage-${hit.medium}`}>
      ${timed && html`<${Player} hit=${hit} shown=${shown} own=${own} asked=${isAsking ? asked : null} hold=${player} onTime=${setAt} hidden=${mode === "crop"} />`}
      ${hit.medium === "document" && html`<${Pages} hit=${hit} shown=${shown} own=${own} />`}
      ${hit.medium === "image" && mode !== "crop" && html`<${Photo} hit=${hit} own=${own} reasons=${reasons} />`}
      ${mode === "crop" && html`<${Crop} key=${hit.asset} picture=${frameAddress(hit.asset, { at: hit.medium === "video" ? Math.round(at) : undefined })} name=${nameOf(hit)}
        onCancel=${() => onMode("look")} onAsk=${onAsk} />`}
    </div>
    <aside aria-label=${t("viewer.facts")}>
      <div class="viewer-actions">
        ${(hit.medium === "image" || hit.medium === "video") && html`<${Action} icon="crop" name="viewer.crop" isSet=${mode === "crop"} onClick=${() => onMode(mode === "crop" ? "look" : "crop")} />`}
        <${Action} icon="like" name="viewer.similar" onClick=${() => go({ ...HOME, like: hit.asset })} />
        ${isAsking && own && html`<${Feedback} own=${own} />`}
        ${isAsking && hit.confidence !== null && html`<${Action} icon="why" name="viewer.why" isSet=${Boolean(reasons)} onClick=${why} />`}
        ${hit.alike > 0 && html`<${Action} icon="copies" name="viewer.copies" isSet=${showsCopies} onClick=${() => setCopies(!showsCopies)} />`}
        ${canReveal && !hit.offline && html`<${Reveal} name=${hit.asset} />`}
        <a class="action" href=${mediaAddress(hit.asset)} download=${nameOf(hit)}><${Icon} name="download" /><span>${t("viewer.download")}</span></a>
      </div>
      ${reasons && html`<${Reasons} reasons=${reasons} hit=${hit} />`}
      ${showsCopies && html`<${Copies} name=${hit.asset} />`}
      ${hit.confidence !== null && hit.segments.length > 0 && html`<${Found} hit=${hit} own=${own} seek=${timed ? seek : null} />`}
      <${Facts} hit=${hit} facts=${shown?.facts} />
    </aside>
  </div>`;
}

function Action({ icon, name, isSet, onClick }) {
  return html`<button type="button" class=${classes("action", { "is-set": isSet })} aria-pressed=${isSet === undefined ? undefined : isSet} onClick=${onClick}><${Icon} name=${icon} /><span>${t(name)}</span></button>`;
}

/** Opens the folder of a file on this machine. */
function Reveal({ name }) {
  const [failure, setFailure] = useState("");
  const open = () => reveal(name).then(() => setFailure(""), (error) => setFailure(error.offline ? t("offline.text") : error.message));
  return html`<${Action} icon="folder" name="viewer.reveal" onClick=${open} />${failure && html`<p class="warning" role="alert">${failure}</p>`}`;
}

/** The other files that are the same picture, video or recording. */
function Copies({ name }) {
  const [found, setFound] = useState(null);
  useEffect(() => {
    const own = new AbortController();
    duplicates(own.signal).then(({ groups }) => setFound(groups.find(({ files }) => files.some((each) => each.asset === name))?.files ?? []), () => {});
    return () => own.abort();
  }, [name]);
  if (!found) return html`<p class="hint" role="status">${t("copies.looking")}</p>`;
  return html`<section class="copies" aria-label=${t("viewer.copies")}><h3>${t("viewer.copies")}</h3><ul>
    ${found.filter((each) => each.asset !== name).map((each) => html`<li key=${each.path}><a href=${address({ open: each.asset, seg: "" })}
        onClick=${(event) => { event.preventDefault(); go({ open: each.asset, seg: "" }); }}><${Small} asset=${each.asset} /><span>${each.path}</span></a></li>`)}</ul></section>`;
}

function Small({ asset }) {
  const [isBroken, setBroken] = useState(false);
  const source = useSource(thumbnailAddress(asset, { side: 96 }));
  return isBroken ? html`<${Icon} name="copies" />` : html`<img src=${source} alt="" width="48" height="48" onError=${() => setBroken(true)} />`;
}

/** More like this, less like this: the question is asked again with what was said of its answers. */
function Feedback({ own }) {
  const say = (name) => () => go((({ more, less }) => {
    const rest = { more: more.filter((each) => each !== own.id), less: less.filter((each) => each !== own.id) };
    return { ...rest, [name]: [...rest[name], own.id], open: "", seg: "" };
  })(currentLists()));
  return html`<${Action} icon="more" name="viewer.more" onClick=${say("more")} /><${Action} icon="less" name="viewer.less" onClick=${say("less")} />`;
}

function currentLists() {
  const given = new URLSearchParams(location.hash.slice(1));
  const list = (name) => (given.get(name) ?? "").split(",").filter(Boolean);
  return { more: list("more"), less: list("less") };
}

/** A photo with the place of what was found in it. */
function Photo({ hit, own, reasons }) {
  const [isBroken, setBroken] = useState(false);
  const source = useSource(frameAddress(hit.asset));
  const boxes = [own?.box, reasons?.line_box, reasons?.box].filter(Boolean);
  if (isBroken) return html`<p class="stage-note"><${Icon} name="image" />${t(hit.offline ? "viewer.offline" : "viewer.nopicture")}</p>`;
  return html`<figure class="photo"><img src=${source} alt=${nameOf(hit)} width=${hit.width} height=${hit.height} onError=${() => setBroken(true)} />
    ${reasons?.heat && html`<${Heat} values=${reasons.heat} />`}
    ${boxes.map((box, place) => html`<${Frame} key=${place} box=${box} />`)}</figure>`;
}

/** How much of the answer is where, as a veil over the picture: nothing is clear, most is red. */
function Heat({ values }) {
  const canvas = useRef();
  useEffect(() => {
    const picture = new ImageData(values[0].length, values.length);
    values.flat().forEach((each, place) => picture.data.set([255, 215 - 190 * each, 40, 170 * each], 4 * place));
    canvas.current.getContext("2d").putImageData(picture, 0, 0);
  }, [values]);
  return html`<canvas class="heat" ref=${canvas} width=${values[0].length} height=${values.length} aria-hidden="true"></canvas>`;
}

/** A place in a picture, in ten-thousandths of its sides. */
export function Frame({ box: [left, top, right, bottom] }) {
  const share = (value) => `${value / 100}%`;
  return html`<span class="frame" aria-hidden="true" style=${{ left: share(left), top: share(top), width: share(right - left), height: share(bottom - top) }}></span>`;
}

/** Where in the file the answer lies, and what speaks for it. */
function Found({ hit, own, seek }) {
  return html`<section class="found"><h3>${t("viewer.found")}</h3><ul>
    ${hit.segments.map((each) => html`<li key=${each.id} class=${classes("", { "is-own": each.id === own?.id })}><${Line} each=${each} seek=${seek} /></li>`)}</ul></section>`;
}

function Line({ each, seek }) {
  const when = each.start_ms !== null ? `${clock(each.start_ms)} – ${clock(each.end_ms)}` : each.page ? t("tile.page", { n: each.page }) : "";
  const inner = html`<span class="when">${when}</span><span class="evidence">${each.evidence ? t(`evidence.${each.evidence}`) : ""}</span>
    <span class="meter" aria-hidden="true"><span style=${{ width: percentWidth(each.confidence) }}></span></span><span class="share">${percent(each.confidence ?? 0)}</span>`;
  return seek && each.start_ms !== null
    ? html`<button type="button" onClick=${() => seek(each.start_ms)} aria-label=${`${t("viewer.play", { time: clock(each.start_ms) })}, ${t("tile.sure", { share: percent(each.confidence ?? 0) })}`}>${inner}</button>`
    : html`<div>${inner}</div>`;
}

const percentWidth = (value) => `${Math.round(100 * (value ?? 0))}%`;

function Reasons({ reasons, hit }) {
  if (reasons.error) return html`<section class="reasons" role="status"><p>${reasons.error.message}</p></section>`;
  const lanes = Object.entries(reasons.segment?.lanes ?? {}).sort(([, a], [, b]) => b - a);
  return html`<section class="reasons" role="status"><h3>${t("viewer.why")}</h3>
    <ul class="lanes">${lanes.map(([lane, share]) => html`<li key=${lane}><span>${t(`lane.${lane}`)}</span><span class="meter" aria-hidden="true"><span style=${{ width: percentWidth(share) }}></span></span><span class="share">${percent(share)}</span></li>`)}</ul>
    ${reasons.heat && hit.medium !== "image" && html`<${Scene} name=${reasons.segment?.id ?? hit.asset} reasons=${reasons} />`}
    ${reasons.box && html`<p>${t(reasons.heat ? "viewer.heat" : "viewer.box")}</p>`}
    ${(reasons.warnings ?? []).map((each) => html`<p key=${each} class="warning">${each}</p>`)}</section>`;
}

/** The frame or page that answers, with its heat. */
function Scene({ name, reasons }) {
  const source = useSource(frameAddress(name, { side: 640, at: reasons.frame_ms ?? undefined }));
  return html`<figure class="photo scene"><img src=${source} alt="" /><${Heat} values=${reasons.heat} />${reasons.box && html`<${Frame} box=${reasons.box} />`}</figure>`;
}

function Facts({ hit, facts }) {
  const rows = [
    ["facts.date", hit.date && moment(hit.date)],
    ["facts.size", hit.width && `${number(hit.width)} × ${number(hit.height)}`],
    ["facts.length", hit.duration_ms && clock(hit.duration_ms)],
    ["facts.bytes", facts?.bytes && size(facts.bytes)],
    ["facts.camera", facts?.camera],
    ["facts.title", facts?.title],
    ["facts.artist", facts?.artist],
    ["facts.keywords", facts?.keywords?.join(", ")],
    ["facts.pages", facts?.pages && number(facts.pages)],
    ["facts.place", facts?.latitude != null && `${facts.latitude.toFixed(4)}, ${facts.longitude.toFixed(4)}`],
  ].filter(([, value]) => value);
  return html`<section class="facts"><h3>${t("viewer.file")}</h3>
    ${hit.paths.map((path) => html`<${Path} key=${path} path=${path} />`)}
    <dl>${rows.map(([name, value]) => html`<div key=${name}><dt>${t(name)}</dt><dd>${value}</dd></div>`)}</dl></section>`;
}

/** A path with its folder as a filter, and a button that copies it. */
function Path({ path }) {
  const [copied, setCopied] = useState(false);
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  const copy = async () => {
    await navigator.clipboard.writeText(path);
    setCopied(true);
  };
  return html`<p class="path"><a href=${address({ ...HOME, path: path.slice(0, cut) })} onClick=${(event) => { event.preventDefault(); go({ ...HOME, path: path.slice(0, cut) }); }}>${path.slice(0, cut + 1)}</a><span>${path.slice(cut + 1)}</span>
    <button type="button" class="icon-button" onClick=${copy} aria-label=${t(copied ? "viewer.copied" : "viewer.copy")} title=${t(copied ? "viewer.copied" : "viewer.copy")}><${Icon} name=${copied ? "check" : "link"} /></button></p>`;
}
