// A document: its passages, the one that answers marked and in sight, beside it the page where there is a picture of it.
import { classes, html, useEffect, useRef, useState } from "./dom.js";
import { frameAddress } from "./api.js";
import { useSource } from "./source.js";
import { t } from "./words.js";
import { Marked } from "./marked.js";

export function Pages({ hit, shown, own }) {
  const found = new Map(hit.segments.map((each) => [each.id, each]));
  const passages = (shown?.segments ?? hit.segments).filter((each) => each.text);
  const target = useRef();
  useEffect(() => target.current?.scrollIntoView({ block: "center" }), [shown, own?.id]);
  const isPdf = hit.path.toLowerCase().endsWith(".pdf");
  return html`<div class="document">
    ${isPdf && html`<${Page} hit=${hit} own=${own} />`}
    <article class="paper" tabindex="0" aria-label=${t("viewer.text")}>
      ${passages.map((each, place) => html`<div key=${each.id} ref=${each.id === own?.id ? target : null} class=${classes("passage", { "is-found": hit.confidence !== null && found.has(each.id) })}>
        ${each.page && each.page !== passages[place - 1]?.page && html`<span class="page-number">${t("tile.page", { n: each.page })}</span>`}
        <p><${Marked} text=${each.text} marks=${found.get(each.id)?.marks ?? []} /></p></div>`)}
    </article></div>`;
}

function Page({ hit, own }) {
  const [isBroken, setBroken] = useState(false);
  const source = useSource(frameAddress(own?.page ? own.id : hit.asset));
  if (isBroken) return null;
  return html`<img class="page" src=${source} alt=${t("tile.page", { n: own?.page ?? 1 })} onError=${() => setBroken(true)} />`;
}
