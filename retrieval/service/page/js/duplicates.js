// Files that are one picture, video or recording, side by side.
import { classes, html, useEffect, useState } from "./dom.js";
import { duplicates, thumbnailAddress } from "./api.js";
import { useSource } from "./source.js";
import { clock, number, size, t } from "./words.js";
import { Icon } from "./icons.js";
import { Failed } from "./states.js";
import { address, go } from "./route.js";

const STEP = 40; // groups shown at first, and more with each press

export function Duplicates() {
  const [state, setState] = useState({ groups: null, error: null });
  const [attempt, setAttempt] = useState(0);
  const [shown, setShown] = useState(STEP);
  useEffect(() => {
    const own = new AbortController();
    duplicates(own.signal).then(({ groups }) => setState({ groups, error: null }), (error) => {
      if (error.name !== "AbortError") setState({ groups: null, error });
    });
    return () => own.abort();
  }, [attempt]);
  const { groups, error } = state;
  if (error) return html`<${Failed} error=${error} onAgain=${() => setAttempt(attempt + 1)} />`;
  if (!groups) return html`<div role="status"><p class="view-text">${t("copies.looking")}</p><div class="waiting" aria-hidden="true"><span></span><span></span></div></div>`;
  const spare = groups.reduce((all, each) => all + each.spare_bytes, 0);
  if (!groups.length) return html`<section class="state" role="status"><span class="state-icon"><${Icon} name="check" /></span><h2>${t("copies.none")}</h2><p>${t("copies.none.text")}</p></section>`;
  return html`<div class="duplicates"><h2 class="view-title">${t("nav.duplicates")}</h2>
    <p class="view-text" role="status">${t("copies.told", { n: groups.length, size: size(spare) })}</p>
    ${groups.slice(0, shown).map((each) => html`<${Group} key=${each.keep} group=${each} />`)}
    ${shown < groups.length && html`<button type="button" class="button" onClick=${() => setShown(shown + STEP)}>${t("copies.more")}</button>`}
  </div>`;
}

function Group({ group }) {
  return html`<section class="group" aria-label=${t("copies.group", { n: group.files.length })}>
    <ul>${group.files.map((each) => html`<li key=${each.path} class=${classes("copy", { "is-kept": each.path === group.keep })}><${Copy} copy=${each} medium=${group.medium} isKept=${each.path === group.keep} /></li>`)}</ul>
    <p class="hint">${t("copies.spare", { size: size(group.spare_bytes) })}</p></section>`;
}

function Copy({ copy, medium, isKept }) {
  const name = copy.path.split(/[\\/]/).at(-1);
  const facts = [copy.width && `${number(copy.width)} × ${number(copy.height)}`, copy.duration_ms && clock(copy.duration_ms), copy.bytes && size(copy.bytes)].filter(Boolean);
  return html`<a class="copy-picture" href=${address({ open: copy.asset })} onClick=${(event) => { event.preventDefault(); go({ open: copy.asset }); }} aria-label=${name}>
      ${medium === "audio" ? html`<${Icon} name="audio" />` : html`<${Thumbnail} asset=${copy.asset} />`}</a>
    <p class="copy-name">${name}</p>
    <p class="hint">${facts.join(" · ")}</p>
    <p class="hint copy-path">${copy.path.slice(0, -name.length)}</p>
    <p>${isKept ? html`<span class="label label-first">${t("copies.keep")}</span>` : html`<span class="label">${t(copy.same_bytes ? "copies.same" : "copies.near")}</span>`}</p>`;
}

function Thumbnail({ asset }) {
  return html`<img src=${useSource(thumbnailAddress(asset))} alt="" loading="lazy" />`;
}
