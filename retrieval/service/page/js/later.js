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
    const [state, setState] = useState(component ? "there" : "loading");
    const fetch = () => ahead().then(() => setState("there"), () => setState("failed"));
    useEffect(() => {
      if (state === "loading") fetch(); // also where another has loaded it since
    }, []);
    if (state === "there") return html`<${component} ...${properties} />`;
    return state === "failed" && html`<${Failed} error=${new Problem(0)} onAgain=${fetch} />`;
  }
  return Object.assign(Later, { ahead });
}
