// Files that ask: dropped anywhere on the page, pasted or picked.
import { html, useEffect, useState } from "./dom.js";
import { t } from "./words.js";
import { Icon } from "./icons.js";

let count = 0;

/** What asks beside the words: {key, file, name, medium, picture (an address, for pictures)}. */
export function uploadOf(file, name = file.name) {
  count += 1;
  const kind = file.type.split("/")[0];
  const medium = ["image", "video", "audio"].includes(kind) ? kind : "document";
  const picture = medium === "image" ? URL.createObjectURL(file) : null;
  return { key: `${Date.now().toString(36)}${count}`, file, name: name || t("search.pasted"), medium, picture };
}

const filesOf = (transfer) => [...(transfer?.files ?? [])];

/** Tells of files dropped or pasted; true while one hangs over the page. */
export function useDrop(onFile) {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    let depth = 0;
    const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const step = (by) => (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      depth = Math.max(0, depth + by);
      setOver(depth > 0);
    };
    const drop = (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      const [file] = filesOf(event.dataTransfer);
      if (file) onFile(file);
    };
    const paste = (event) => {
      const [file] = filesOf(event.clipboardData);
      if (!file) return;
      event.preventDefault();
      onFile(file);
    };
    const known = { dragenter: step(1), dragleave: step(-1), dragover: step(0), drop, paste };
    for (const [name, listener] of Object.entries(known)) addEventListener(name, listener);
    return () => {
      for (const [name, listener] of Object.entries(known)) removeEventListener(name, listener);
    };
  }, []);
  return isOver;
}

export function DropHint() {
  return html`<div class="drop" role="status"><div><${Icon} name="image" /><${Icon} name="video" /><${Icon} name="audio" /><${Icon} name="document" />
    <p>${t("drop.text")}</p></div></div>`;
}
