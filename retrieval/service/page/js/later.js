// Views whose modules are loaded when they are first shown, or ahead of that when the page has time.
import { html, useEffect, useState } from "./dom.js";
import { Problem } from "./api.js";
import { Failed } from "./states.js";

/** A component of a module: later(() => import("./library.js"), "Library"). Its `ahead()` loads the module. */
export function later(load, name) {
  let component = null;
  const ahead = async () => {
    component ??= (await load())[name];
  };
  function Later(properties) {
    const [failures, setFailures] = useState(0);
    const [, show] = useState(false);
    useEffect(() => {
      if (!component) ahead().then(() => show(true), () => setFailures(failures + 1));
    }, [failures > 0]);
    if (component) return html`<${component} ...${properties} />`;
    return failures > 0 && html`<${Failed} error=${new Problem(0)} onAgain=${() => ahead().then(() => show(true), () => {})} />`;
  }
  return Object.assign(Later, { ahead });
}
