// The page: one bar, and below it answers, the library or duplicates.
import { classes, html, render, useCallback, useEffect, useRef, useState, whenIdle } from "./dom.js";
import { reel, thumbnailAddress } from "./api.js";
import { words } from "./early.js";
import { later } from "./later.js";
import { chooseLanguage, language, languages, t } from "./words.js";
import { go, HOME, isAsking, onRoute, route as now } from "./route.js";
import { Icon } from "./icons.js";
import { Filters } from "./filters.js";
import { Grid } from "./grid.js";
import { Failed, FileGone, FirstRun, NothingFound, Offline } from "./states.js";
import { SearchBox } from "./searchbox.js";
import { DropHint, uploadOf, useDrop } from "./upload.js";
import { useAnswer } from "./asking.js";
import { nameOf } from "./tiles.js";

const ICON = new URL("../icon.svg", import.meta.url).href;
const THEMES = ["auto", "light", "dark"];
const Duplicates = later(() => import("./duplicates.js"), "Duplicates");
const Library = later(() => import("./library.js"), "Library");
const Viewer = later(() => import("./viewer.js"), "Viewer");

function App() {
  const [route, setRoute] = useState(now());
  const [attempt, setAttempt] = useState(0);
  const [, setLanguage] = useState(language);
  const uploads = useRef(new Map());
  useEffect(() => onRoute(setRoute), []);
  useEffect(() => whenIdle(() => Promise.all([Viewer, Library, Duplicates].map((each) => each.ahead())).catch(() => {})), []); // again when shown
  const ask = useCallback((file, name) => {
    const upload = uploadOf(file, name);
    uploads.current.set(upload.key, upload);
    go({ ...HOME, file: upload.key, in: now().in });
  }, []);
  const isOver = useDrop(ask);
  const again = () => setAttempt((known) => known + 1);
  const upload = uploads.current.get(route.file);
  const answer = useAnswer(route, upload, attempt);
  const isSearch = !route.view;
  const pick = async (name) => {
    await chooseLanguage(name);
    setLanguage(name);
  };
  return html`
    <a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); document.getElementById("main").focus(); }}>${t("skip")}</a>
    <header class="bar">
      <a class="brand" href="#" onClick=${(event) => { event.preventDefault(); go({ ...HOME }); }} aria-label=${t("nav.home")}>
        <img src=${ICON} alt="" width="26" height="26" /><span>crossmedia</span></a>
      <${SearchBox} route=${route} upload=${upload} like=${likeOf(route, answer)} onUpload=${ask} onDropUpload=${() => go({ file: "" })}
        busy=${answer.state === "loading" || (isSearch && !answer.isFresh && !answer.isGone)} error=${refusal(answer)} />
      <${Navigation} route=${route} onLanguage=${pick} />
    </header>
    ${answer.error?.offline && html`<${Offline} onBack=${again} />`}
    <main id="main" tabindex="-1">
      <h1 class="sr-only">${t("title")}</h1>
      ${isSearch && html`<${Answers} route=${route} answer=${answer} onAgain=${again} onAsk=${ask} attempt=${attempt} />`}
      ${route.view === "library" && html`<${Library} />`}
      ${route.view === "duplicates" && html`<${Duplicates} />`}
    </main>
    ${route.open && html`<${Viewer} key="viewer" name=${route.open} segment=${route.seg} hits=${answer.hits} asked=${answer.asked}
      isAsking=${!answer.isBrowsing} onAsk=${ask} />`}
    ${isOver && html`<${DropHint} />`}`;
}

/** What of the library asks, as the box shows it. */
function likeOf(route, answer) {
  if (!route.like) return null;
  const hit = answer.hits.find((each) => each.asset === route.like || each.segments.some((own) => own.id === route.like));
  return { name: hit ? nameOf(hit) : t("search.like"), picture: thumbnailAddress(route.like, { side: 96 }) };
}

/** A question that cannot be read, for the box to show. */
function refusal(answer) {
  const error = answer.error;
  return error?.status === 400 && !answer.isBrowsing ? Object.assign(error, { asked: answer.asked.question.query }) : null;
}

function Answers({ route, answer, onAgain, onAsk, attempt }) {
  const [chosen, setChosen] = useState(new Set());
  const open = useCallback((hit) => go({ open: hit.asset, seg: hit.segments[0]?.id ?? "" }), []);
  const choose = useCallback((hit) => setChosen((known) => {
    const next = new Set(known);
    if (!next.delete(hit.asset)) next.add(hit.asset);
    return next;
  }), []);
  return html`
    <${Filters} route=${route} isAsking=${isAsking(route)} version=${attempt} isReady=${Boolean(answer.key) || answer.isGone} />
    <${Told} answer=${answer} />
    <${Body} answer=${answer} chosen=${chosen} onOpen=${open} onChoose=${choose} onAgain=${onAgain} />
    ${chosen.size > 0 && html`<${Chosen} hits=${answer.hits.filter((hit) => chosen.has(hit.asset))} isAsking=${!answer.isBrowsing} onNone=${() => setChosen(new Set())} />`}`;
}

/** Gives a file to the browser to keep. */
function save(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/** What can be done with the selected answers. */
function Chosen({ hits, isAsking, onNone }) {
  const [copied, setCopied] = useState(0);
  const copy = async () => {
    await navigator.clipboard.writeText(hits.map((hit) => hit.path).join("\n"));
    setCopied(hits.length);
  };
  const [making, setMaking] = useState({ isOn: false, failure: "" });
  const moments = hits.filter((hit) => hit.medium === "video" && !hit.offline).map((hit) => hit.segments.find((each) => each.start_ms !== null)?.id ?? hit.asset);
  const join = async () => {
    setMaking({ isOn: true, failure: "" });
    try {
      save(await reel(moments), "reel.mp4");
      setMaking({ isOn: false, failure: "" });
    } catch (error) {
      setMaking({ isOn: false, failure: error.offline ? t("offline.text") : error.message });
    }
  };
  const more = () => {
    go({ more: [...new Set([...now().more, ...hits.map((hit) => hit.segments[0]?.id).filter(Boolean)])] });
    onNone();
  };
  return html`<section class="chosen" aria-label=${t("chosen.label")}>
    <p role="status">${t("chosen.count", { n: hits.length })}</p>
    <button type="button" class="button" onClick=${copy}><${Icon} name=${copied === hits.length ? "check" : "link"} />${t(copied === hits.length ? "viewer.copied" : "chosen.copy")}</button>
    ${moments.length > 0 && html`<button type="button" class="button" disabled=${making.isOn} onClick=${join}><${Icon} name="video" />${t(making.isOn ? "chosen.making" : "chosen.reel")}</button>`}
    ${making.failure && html`<p class="warning" role="alert">${making.failure}</p>`}
    ${isAsking && html`<button type="button" class="button" onClick=${more}><${Icon} name="more" />${t("chosen.more")}</button>`}
    <button type="button" class="icon-button" onClick=${onNone} aria-label=${t("chosen.none")}><${Icon} name="close" /></button>
  </section>`;
}

/** One line above the answers: how many, and what the service had to say. */
function Told({ answer }) {
  if (!answer.key) return null;
  const possible = answer.hits.length - answer.sure;
  const counts = answer.isBrowsing ? t("count.files", { n: answer.total })
    : [answer.sure > 0 && t("count.sure", { n: answer.sure }), possible > 0 && t("count.possible", { n: possible })].filter(Boolean).join(" · ");
  return html`<p class="told" role="status">
    <span>${counts}${answer.hasMore && !answer.isBrowsing ? "+" : ""}</span>
    ${(answer.warnings ?? []).map((each) => html`<span key=${each} class="warning"><${Icon} name="warning" />${each}</span>`)}
  </p>`;
}

function Body({ answer, chosen, onOpen, onChoose, onAgain }) {
  if (answer.state === "failed" && answer.error.status !== 400 && !answer.error.offline) {
    return html`<${Failed} error=${answer.error} onAgain=${onAgain} />`;
  }
  if (answer.hits.length) {
    return html`<div class=${classes("answers", { "is-stale": !answer.isFresh })}>
      <${Grid} answer=${answer} chosen=${chosen} onOpen=${onOpen} onChoose=${onChoose} /></div>`;
  }
  if (answer.isGone) return html`<${FileGone} />`;
  if (answer.state !== "done") return html`<${Waiting} />`;
  if (answer.isBrowsing && !answer.isFiltered) return html`<${FirstRun} />`;
  return html`<${NothingFound} answer=${answer} onAll=${() => go({ reach: "all" })} />`;
}

/** Grey rows until the first answer is there. */
function Waiting() {
  return html`<div class="waiting" aria-hidden="true">${Array.from({ length: 12 }, (_, place) => html`<span key=${place}></span>`)}</div>`;
}

function Navigation({ route, onLanguage }) {
  const [theme, setTheme] = useState(localStorage.getItem("theme") ?? "auto");
  const link = (view, icon, name) => html`<a class=${classes("icon-button", { "is-set": route.view === view })} href=${view ? `#view=${view}` : "#"}
    aria-label=${name} title=${name} aria-current=${route.view === view ? "page" : undefined} onClick=${(event) => { event.preventDefault(); go({ ...HOME, view }); }}><${Icon} name=${icon} /></a>`;
  const turn = () => {
    const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    setTheme(next);
    if (next === "auto") {
      localStorage.removeItem("theme");
      delete document.documentElement.dataset.theme;
    } else {
      localStorage.setItem("theme", next);
      document.documentElement.dataset.theme = next;
    }
  };
  const icons = { auto: "auto", light: "sun", dark: "moon" };
  return html`<nav aria-label=${t("nav.label")}>
    ${link("", "grid", t("nav.browse"))}${link("duplicates", "copies", t("nav.duplicates"))}${link("library", "library", t("nav.library"))}
    <button type="button" class="icon-button" onClick=${turn} aria-label=${t(`theme.${theme}`)} title=${t(`theme.${theme}`)}><${Icon} name=${icons[theme]} /></button>
    <label class="language"><span class="sr-only">${t("nav.language")}</span><${Icon} name="language" />
      <select value=${language} onChange=${(event) => onLanguage(event.currentTarget.value)} aria-label=${t("nav.language")}>
        ${Object.entries(languages).map(([name, own]) => html`<option key=${name} value=${name}>${own}</option>`)}</select></label>
  </nav>`;
}

await words;
render(html`<${App} />`, document.getElementById("app"));
