// The library as a whole: a run that is under way, its folders, what was left out and why, models, storage.
import { classes, html, useEffect, useState } from "./dom.js";
import { stats, update } from "./api.js";
import { clock, moment, number, percent, size, t } from "./words.js";
import { Icon } from "./icons.js";
import { Failed } from "./states.js";
import { go, HOME } from "./route.js";

const BUSY_MS = 1000; // between two looks while a run is under way
const IDLE_MS = 5000;
const MOST = 200; // files of one reason

export function Library() {
  const [state, setState] = useState({ found: null, error: null });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const own = new AbortController();
    let timer = 0;
    const look = async () => {
      let wait = IDLE_MS;
      try {
        const found = await stats(own.signal);
        if (found.run?.is_alive) wait = BUSY_MS;
        setState({ found, error: null });
      } catch (error) {
        if (error.name === "AbortError") return;
        setState((known) => ({ ...known, error }));
      }
      timer = setTimeout(look, wait);
    };
    look();
    return () => {
      own.abort();
      clearTimeout(timer);
    };
  }, [attempt]);
  const { found, error } = state;
  if (!found && error) return html`<${Failed} error=${error} onAgain=${() => setAttempt(attempt + 1)} />`;
  if (!found) return html`<div class="waiting" aria-hidden="true"><span></span><span></span></div>`;
  return html`<div class="library">
    <h2 class="view-title">${t("nav.library")}</h2>
    <p class="view-text">${found.library}</p>
    <${Run} run=${found.run} pending=${found.pending} onStart=${() => setAttempt(attempt + 1)} />
    <${Media} found=${found} />
    <div class="columns"><div><${Sources} sources=${found.sources} /><${Skips} found=${found} /></div>
      <div><${Models} found=${found} /><${Storage} bytes=${found.bytes} /></div></div>
  </div>`;
}

/** Starts a run, where the service may write. */
function Start({ onStart }) {
  const [told, setTold] = useState("");
  const start = async () => {
    try {
      await update();
      setTold("run.begun");
      onStart();
    } catch (error) {
      setTold(error.status === 403 || error.status === 404 || error.status === 405 ? "run.refused" : "run.failed");
    }
  };
  return html`<div class="start"><button type="button" class="button" onClick=${start}>${t("run.start")}</button><p class="hint" role="status">${told && t(told)}</p></div>`;
}

/** What an index run does now; what waits for one. */
function Run({ run, pending, onStart }) {
  const waiting = Object.values(pending).reduce((all, each) => Math.max(all, each), 0);
  if (!run && !waiting) return html`<section class="run is-idle" role="status"><${Icon} name="check" /><p>${t("run.none")}</p><${Start} onStart=${onStart} /></section>`;
  if (!run?.is_alive) {
    return html`<section class="run" role="status"><${Icon} name="warning" /><div><p>${t(run ? "run.killed" : "run.pending", { n: waiting })}</p>
      </div><${Start} onStart=${onStart} /></section>`;
  }
  const share = run.total ? run.done / run.total : 0;
  const rest = [run.total > 0 && t("run.files", { done: run.done, total: run.total }), run.rate > 0 && t("run.rate", { n: Math.round(run.rate * 10) / 10 }), run.eta_s > 0 && t("run.left", { time: clock(run.eta_s * 1000) })];
  return html`<section class="run is-live"><div class="run-text" role="status"><p>${t("run.now", { step: run.step || run.command })}</p><p class="hint">${rest.filter(Boolean).join(" · ")}</p></div>
    <progress max="1" value=${share} aria-label=${t("run.label")}>${percent(share)}</progress></section>`;
}

function Media({ found }) {
  return html`<ul class="counts">${["image", "video", "audio", "document"].map((medium) => html`<li key=${medium}>
    <a href=${`#in=${medium}`} onClick=${(event) => { event.preventDefault(); go({ ...HOME, in: [medium] }); }}><${Icon} name=${medium} />
      <strong data-count=${medium}>${number(found.media[medium] ?? 0)}</strong><span>${t(`media.${medium}`)}</span></a></li>`)}</ul>`;
}

function Sources({ sources }) {
  return html`<section class="block"><h3>${t("library.folders")}</h3>
    <ul class="rows">${sources.map((each) => html`<li key=${each.path}><${Icon} name=${each.offline ? "offline" : "folder"} />
      <div><a href=${`#path=${encodeURIComponent(each.path)}`} onClick=${(event) => { event.preventDefault(); go({ ...HOME, path: each.path }); }}>${each.path}</a>
        <p class="hint">${each.offline ? t("library.away") : each.scanned_at ? t("library.scanned", { time: moment(each.scanned_at) }) : ""}</p></div>
      <span class="count">${t("count.files", { n: each.files })}</span></li>`)}</ul></section>`;
}

/** Files that were left out, by reason. */
function Skips({ found }) {
  const groups = new Map();
  for (const each of found.skips ?? []) groups.set(each.reason, [...(groups.get(each.reason) ?? []), each]);
  return html`<section class="block"><h3>${t("library.left")}</h3>
    ${groups.size === 0 && html`<p class="hint">${t("library.left.none")}</p>`}
    ${[...groups].sort(([, a], [, b]) => b.length - a.length).map(([reason, files]) => html`<details key=${reason}><summary><span>${told(reason)}</span><span class="count">${number(files.length)}</span></summary>
      <ul>${files.slice(0, MOST).map((each) => html`<li key=${each.path}><span>${each.path}</span>${each.detail && html`<span class="hint">${each.detail}</span>`}</li>`)}
        ${files.length > MOST && html`<li class="hint">${t("library.more", { n: files.length - MOST })}</li>`}</ul></details>`)}</section>`;
}

function told(reason) {
  const key = `skip.${reason}`;
  const found = t(key);
  return found === key ? reason.replaceAll("_", " ") : found;
}

function Models({ found }) {
  return html`<section class="block"><h3>${t("library.models")}</h3><p class="hint">${t("library.profile", { name: found.profile })}</p>
    <ul class="rows">${found.spaces.map((each) => html`<li key=${each.name + each.revision} class=${classes("", { "is-away": !each.live })}><${Icon} name="grid" />
      <div>${each.encoder}<p class="hint">${each.name} · ${t("library.dimension", { n: each.dimension })}</p></div>
      <span class="count">${t("library.vectors", { n: each.vectors })}</span></li>`)}</ul></section>`;
}

function Storage({ bytes }) {
  const parts = Object.entries(bytes).filter(([, each]) => each > 0);
  const total = parts.reduce((all, [, each]) => all + each, 0);
  return html`<section class="block"><h3>${t("library.storage")}</h3>
    <div class="stack" aria-hidden="true">${parts.map(([name, each]) => html`<span key=${name} style=${{ flexGrow: each / total }}></span>`)}</div>
    <ul class="rows rows-plain">${parts.map(([name, each]) => html`<li key=${name}><div>${t(`bytes.${name}`)}</div><span class="count">${size(each)}</span></li>`)}</ul></section>`;
}
