// A button that opens a small panel below it. Escape or a click elsewhere closes it.
import { classes, html, useEffect, useId, useRef, useState } from "./dom.js";
import { Icon } from "./icons.js";

export function Popover({ icon, label, title, isSet, children, className = "" }) {
  const [isOpen, setOpen] = useState(false);
  const box = useRef();
  const button = useRef();
  const id = useId();
  useEffect(() => {
    if (!isOpen) return undefined;
    const away = (event) => {
      if (!box.current.contains(event.target)) setOpen(false);
    };
    const press = (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      setOpen(false);
      button.current.focus();
    };
    document.addEventListener("pointerdown", away);
    box.current.addEventListener("keydown", press);
    const panel = box.current.querySelector(".panel");
    const beyond = panel.getBoundingClientRect().right - (document.documentElement.clientWidth - 20);
    if (beyond > 0) panel.style.insetInlineStart = `${-beyond}px`;
    panel.querySelector("button, input, select")?.focus({ preventScroll: true });
    const own = box.current;
    return () => {
      document.removeEventListener("pointerdown", away);
      own.removeEventListener("keydown", press);
    };
  }, [isOpen]);
  const leave = (event) => {
    if (event.relatedTarget && !box.current.contains(event.relatedTarget)) setOpen(false);
  };
  const close = () => {
    setOpen(false);
    button.current.focus();
  };
  return html`<div class=${`popover ${className}`} ref=${box} onFocusOut=${leave}>
    <button type="button" ref=${button} class=${classes("chip", { "is-set": isSet })} aria-expanded=${isOpen} aria-controls=${isOpen ? id : undefined}
      title=${title} onClick=${() => setOpen(!isOpen)}>${icon && html`<${Icon} name=${icon} />`}<span>${label}</span></button>
    ${isOpen && html`<div class="panel" id=${id}>${typeof children === "function" ? children(close) : children}</div>`}
  </div>`;
}
