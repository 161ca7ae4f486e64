// A region of a picture, drawn with the pointer or moved by keys, that is searched by.
import { html, useEffect, useRef, useState } from "./dom.js";
import { useSource } from "./source.js";
import { t } from "./words.js";
import { Icon } from "./icons.js";

const LEAST = 0.04; // of a side
const STEP = 0.02;
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** picture: the address of the picture. onAsk(file, name): asks by the region, a PNG. */
export function Crop({ picture, name, onCancel, onAsk }) {
  const [box, setBox] = useState({ x: 0.25, y: 0.25, w: 0.5, h: 0.5 });
  const [isReady, setReady] = useState(false);
  const source = useSource(picture);
  const image = useRef();
  const region = useRef();
  const drag = useRef(null);
  useEffect(() => {
    if (isReady) region.current.focus();
  }, [isReady]);

  const place = (event) => {
    const { left, top, width, height } = image.current.getBoundingClientRect();
    return { x: clamp((event.clientX - left) / width, 0, 1), y: clamp((event.clientY - top) / height, 0, 1) };
  };
  const down = (event) => {
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    const start = place(event);
    const handle = event.target.dataset.handle;
    const moves = event.target.closest(".region") && !handle;
    drag.current = handle ? { anchor: { x: handle.includes("w") ? box.x + box.w : box.x, y: handle.includes("n") ? box.y + box.h : box.y } }
      : moves ? { start, box } : { anchor: start };
  };
  const move = (event) => {
    if (!drag.current) return;
    const now = place(event);
    const { anchor, start, box: before } = drag.current;
    if (anchor) setBox({ x: Math.min(anchor.x, now.x), y: Math.min(anchor.y, now.y), w: Math.abs(now.x - anchor.x), h: Math.abs(now.y - anchor.y) });
    else setBox({ ...before, x: clamp(before.x + now.x - start.x, 0, 1 - before.w), y: clamp(before.y + now.y - start.y, 0, 1 - before.h) });
  };
  const up = () => {
    drag.current = null;
    setBox(({ x, y, w, h }) => ({ x: Math.min(x, 1 - LEAST), y: Math.min(y, 1 - LEAST), w: Math.max(w, LEAST), h: Math.max(h, LEAST) }));
  };
  const press = (event) => {
    const [dx, dy] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key] ?? [];
    if (event.key === "Enter") ask();
    if (dx === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    setBox(({ x, y, w, h }) => (event.shiftKey
      ? { x, y, w: clamp(w + dx, LEAST, 1 - x), h: clamp(h + dy, LEAST, 1 - y) }
      : { x: clamp(x + dx, 0, 1 - w), y: clamp(y + dy, 0, 1 - h), w, h }));
  };
  const ask = async () => {
    const { naturalWidth: width, naturalHeight: height } = image.current;
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(box.w * width));
    canvas.height = Math.max(1, Math.round(box.h * height));
    canvas.getContext("2d").drawImage(image.current, -Math.round(box.x * width), -Math.round(box.y * height));
    const content = await new Promise((done) => {
      canvas.toBlob(done, "image/png");
    });
    onAsk(new File([content], "region.png", { type: "image/png" }), t("crop.of", { name }));
  };
  const share = (value) => `${100 * value}%`;
  return html`<div class="crop">
    <div class="canvas" onPointerDown=${down} onPointerMove=${move} onPointerUp=${up} onPointerCancel=${up}>
      <img ref=${image} src=${source} alt=${name} draggable="false" onLoad=${() => setReady(true)} />
      ${isReady && html`<div class="region" ref=${region} role="group" tabindex="0" aria-label=${t("crop.region")} aria-describedby="crop-help" onKeyDown=${press}
          style=${{ left: share(box.x), top: share(box.y), width: share(box.w), height: share(box.h) }}>
        ${["nw", "ne", "sw", "se"].map((corner) => html`<span key=${corner} class=${`handle handle-${corner}`} data-handle=${corner}></span>`)}</div>`}
    </div>
    <div class="crop-foot"><p id="crop-help">${t("crop.help")}</p>
      <button type="button" class="button" onClick=${onCancel}>${t("crop.cancel")}</button>
      <button type="button" class="button is-first" onClick=${ask} disabled=${!isReady}><${Icon} name="search" />${t("crop.ask")}</button></div>
  </div>`;
}
