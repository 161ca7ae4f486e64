// What stands in place of answers: nothing found, an empty library, an error, no service, a key that is needed.
import { html, useEffect, useState } from "./dom.js";
import { alive, setKey } from "./api.js";
import { percent, t } from "./words.js";
import { Icon } from "./icons.js";
import { go, withoutFilters } from "./route.js";

const RETRY_MS = 3000;

function State({ icon, title, children, role }) {
  return html`<section class="state" role=${role}><span class="state-icon"><${Icon} name=${icon} /></span><h2>${title}</h2>${children}</section>`;
}

export function NothingFound({ answer, onAll }) {
  return html`<${State} icon="search" title=${t("nothing.title")} role="status">
    <p>${answer.reason ?? t(answer.isFiltered ? "nothing.filtered" : "nothing.text")}</p>
    <div class="actions">
      ${answer.isFiltered && html`<button type="button" class="button" onClick=${() => go(withoutFilters)}>${t("filters.none")}</button>`}
      ${!answer.isBrowsing && answer.best > 0 && html`<button type="button" class="button" onClick=${onAll}>${t("nothing.nearest", { share: percent(answer.best) })}</button>`}
    </div>
  </${State}>`;
}

export function FirstRun() {
  return html`<${State} icon="library" title=${t("first.title")}>
    <p>${t("first.text")}</p>
    <pre><code>crossmedia index ~/Pictures</code></pre>
    <p class="hint">${t("first.hint")}</p>
  </${State}>`;
}

/** A link to a question whose file was dropped in another window. */
export function FileGone() {
  return html`<${State} icon="clip" title=${t("gone.title")}><p>${t("gone.text")}</p>
    <div class="actions"><button type="button" class="button" onClick=${() => go({ file: "" })}>${t("gone.without")}</button></div></${State}>`;
}

export function Failed({ error, onAgain }) {
  if (error.status === 401) return html`<${KeyNeeded} onAgain=${onAgain} />`;
  return html`<${State} icon="warning" title=${error.offline ? t("offline.text") : error.message} role="alert">
    ${error.detail && html`<p>${error.detail}</p>`}
    <div class="actions"><button type="button" class="button" onClick=${onAgain}>${t("again")}</button></div>
  </${State}>`;
}

function KeyNeeded({ onAgain }) {
  const [key, set] = useState("");
  const send = (event) => {
    event.preventDefault();
    setKey(key.trim());
    onAgain();
  };
  return html`<${State} icon="library" title=${t("key.title")} role="alert">
    <p>${t("key.text")}</p>
    <form class="actions" onSubmit=${send}><label class="sr-only" for="key">${t("key.label")}</label>
      <input id="key" type="password" autocomplete="off" value=${key} onInput=${(event) => set(event.currentTarget.value)} placeholder="cm_…" />
      <button type="submit" class="button">${t("key.use")}</button></form>
  </${State}>`;
}

/** A bar while the service does not answer; it asks again until it does. */
export function Offline({ onBack }) {
  useEffect(() => {
    let timer = 0;
    const look = () => alive().then(onBack, () => {
      timer = setTimeout(look, RETRY_MS);
    });
    timer = setTimeout(look, RETRY_MS);
    return () => clearTimeout(timer);
  }, []);
  return html`<div class="offline" role="alert"><${Icon} name="offline" /><span>${t("offline.text")}</span>
    <button type="button" class="link" onClick=${onBack}>${t("again")}</button></div>`;
}
