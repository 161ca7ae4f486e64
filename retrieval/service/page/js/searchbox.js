// The one box: words, and a picture, sound, clip or document that asks beside them.
import { classes, html, useEffect, useRef, useState } from "./dom.js";
import { t } from "./words.js";
import { Icon } from "./icons.js";
import { pauseAfter } from "./question.js";
import { go, HOME, route as now } from "./route.js";
import { Recorder } from "./recorder.js";
import { Suggestions, take, useSuggestions } from "./suggestions.js";

export function SearchBox({ route, upload, like, onUpload, onDropUpload, busy, error }) {
  const input = useRef();
  const picker = useRef();
  const form = useRef();
  const [text, setText] = useState(route.q);
  const timer = useRef(0);
  const typed = useRef(route.q);
  const [isTyping, setTyping] = useState(false); // since the box was last left, or something was taken
  const suggested = useSuggestions(text, isTyping && !error);

  useEffect(() => {
    if (route.q !== typed.current) setText(route.q); // back, or a link
    typed.current = route.q;
  }, [route.q]);
  useEffect(() => {
    const press = (event) => {
      const inField = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
      if (event.key === "/" && !inField && !document.querySelector("dialog[open]")) {
        event.preventDefault();
        input.current.focus();
        input.current.select();
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);

  const ask = (value, replace) => {
    clearTimeout(timer.current);
    typed.current = value;
    go({ q: value, view: "", open: "" }, { replace });
  };
  const type = (event) => {
    const value = event.currentTarget.value;
    setText(value);
    setTyping(true);
    clearTimeout(timer.current);
    const fresh = !now().q && value; // the first key leaves a step behind, so that back leads out of the question
    timer.current = setTimeout(() => ask(value, !fresh), pauseAfter(value));
  };
  const submit = (event) => {
    event.preventDefault();
    setTyping(false);
    ask(text, true);
  };
  const press = (event) => {
    if (event.key === "Escape" && suggested.length) {
      event.preventDefault();
      setTyping(false);
    }
    if (event.key !== "ArrowDown" || !suggested.length) return;
    event.preventDefault();
    form.current.querySelector(".suggestions button").focus();
  };
  const leave = (event) => {
    if (!form.current.contains(event.relatedTarget)) setTyping(false);
  };
  const accept = (item) => {
    clearTimeout(timer.current);
    setTyping(false);
    take(item, text);
    input.current.focus();
  };
  const clear = () => {
    clearTimeout(timer.current);
    setText("");
    typed.current = "";
    go({ ...HOME });
    input.current.focus();
  };
  const pick = (event) => {
    const [file] = event.currentTarget.files;
    if (file) onUpload(file);
    event.currentTarget.value = "";
  };
  const label = t("search.label");
  return html`<form class=${classes("search", { "has-error": Boolean(error) })} role="search" ref=${form} onSubmit=${submit} onFocusOut=${leave}>
    <div class="field">
      <${Icon} name="search" />
      ${upload && html`<${Operand} name=${upload.name} picture=${upload.picture} medium=${upload.medium} onRemove=${onDropUpload} />`}
      ${like && html`<${Operand} name=${like.name} picture=${like.picture} medium=${like.medium} onRemove=${() => go({ like: "" })} />`}
      <input ref=${input} type="search" enterkeyhint="search" autocomplete="off" spellcheck=${false} maxlength="2000" aria-label=${label}
        placeholder=${t(upload || like ? "search.beside" : "search.placeholder")} value=${text} onInput=${type} onKeyDown=${press}
        aria-invalid=${error ? "true" : undefined} aria-describedby=${error ? "search-error" : undefined} />
      ${(text || upload || like) && html`<button type="button" class="icon-button" onClick=${clear} aria-label=${t("search.clear")}><${Icon} name="close" /></button>`}
      <${Recorder} onRecord=${onUpload} />
      <button type="button" class="icon-button" onClick=${() => picker.current.click()} aria-label=${t("search.pick")} title=${t("search.pick")}><${Icon} name="clip" /></button>
      <input ref=${picker} class="picker" type="file" tabindex="-1" aria-hidden="true" onChange=${pick} />
    </div>
    <div class=${classes("busy", { "is-busy": busy })} aria-hidden="true"></div>
    <span class="sr-only" role="status">${suggested.length > 0 && t("suggest.count", { n: suggested.length })}</span>
    ${suggested.length > 0 && html`<${Suggestions} items=${suggested} onTake=${accept} onLeave=${() => input.current.focus()} />`}
    ${error && html`<p class="search-error" id="search-error" role="alert"><${Icon} name="warning" />
      <span>${error.message}${error.detail && html`<span class="hint"> · ${error.detail}</span>`}
      ${error.at !== undefined && html`<code>${Array.from(error.asked).slice(0, error.at).join("")}<mark>${Array.from(error.asked)[error.at] ?? "␣"}</mark>${Array.from(error.asked).slice(error.at + 1).join("")}</code>`}</span></p>`}
  </form>`;
}

/** A file or a thing of the library that asks. */
function Operand({ name, picture, medium, onRemove }) {
  return html`<span class="operand">
    ${picture ? html`<img src=${picture} alt="" />` : html`<${Icon} name=${medium ?? "document"} />`}
    <span class="name">${name}</span>
    <button type="button" class="icon-button" onClick=${onRemove} aria-label=${t("search.remove", { name })}><${Icon} name="close" /></button>
  </span>`;
}
