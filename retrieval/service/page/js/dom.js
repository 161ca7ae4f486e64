// Preact bound to htm: components write html`<p>...</p>`, and no markup is ever made from strings.
import { Component, Fragment, h, render } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export { Fragment, render };
export { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
export const html = htm.bind(h);

/** Class names that hold: classes("tile", {chosen: true}) is "tile chosen". */
export function classes(base, flags = {}) {
  return [base, ...Object.keys(flags).filter((name) => flags[name])].join(" ");
}

/** A component that renders anew only where `same` says that its properties differ. */
export function memo(component, same) {
  return class Kept extends Component {
    shouldComponentUpdate(next) {
      return !same(this.props, next);
    }

    render() {
      return h(component, this.props);
    }
  };
}

/** Calls when the page has nothing else to do, a second from now at the latest. */
export function whenIdle(call) {
  if (window.requestIdleCallback) requestIdleCallback(() => call(), { timeout: 1000 });
  else setTimeout(call, 200);
}
