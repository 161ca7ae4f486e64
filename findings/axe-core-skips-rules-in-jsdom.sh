#!/usr/bin/env bash
# axe-core in jsdom reports no violation for a page without heading or main, and for a button inside aria-hidden: the rules fail inside.
#
# Libraries: axe-core 4.14.1, jsdom 29.1.1. Needs Node.js 20 or later with npm. Met on 29 November 2026, Node.js 20.20.2, Linux x86-64.
# Seen: page-has-heading-one, landmark-one-main and aria-hidden-focus throw "document.elementFromPoint is not a function", color-contrast
#   "Cannot read properties of null (reading 'canvas')". axe turns that into an "incomplete" result, on good pages and bad ones alike;
#   violations is empty, so the usual check passes.
#   With document.elementFromPoint = () => null the three work and find the bad page; color-contrast stays incomplete.
# A media indexer must: define elementFromPoint before axe runs, fail a check on any "incomplete" whose data says "Skipping", and measure
#   contrast itself or in a browser.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund axe-core@4.14.1 jsdom@29.1.1
cat >check.mjs <<'JS'
import assert from "node:assert";
import fs from "node:fs";
import { JSDOM, VirtualConsole } from "jsdom";

const source = fs.readFileSync("node_modules/axe-core/axe.min.js", "utf8");
const pages = {
  good: "<main><h1>H</h1><p>text</p></main>",
  "no heading, no main": "<p>text</p>",
  "button inside aria-hidden": "<main><h1>H</h1><div aria-hidden=true><button>x</button></div></main>",
  "light grey on white": "<main><h1>H</h1><p style='color:#ccc;background:#fff'>low</p></main>",
};
const rules = ["page-has-heading-one", "landmark-one-main", "aria-hidden-focus", "color-contrast"];

async function run(body, mended) {
  const html = `<!doctype html><html lang=en><head><title>t</title></head><body>${body}</body></html>`;
  const { window } = new JSDOM(html, { runScripts: "outside-only", virtualConsole: new VirtualConsole() });
  if (mended) window.document.elementFromPoint = () => null;
  window.eval(source);
  const { violations, incomplete } = await window.axe.run({ runOnly: rules, preload: false });
  return [violations, incomplete].map((results) => results.map((result) => result.id).sort().join(" "));
}

for (const mended of [false, true]) {
  for (const [name, body] of Object.entries(pages)) {
    const [violations, incomplete] = await run(body, mended);
    console.log(`${mended ? "with elementFromPoint" : "as it is"}, ${name}: violations [${violations}], incomplete [${incomplete}]`);
    const hidden = name.startsWith("button");
    if (!mended) {
      assert.equal(violations, "");
      assert.equal(incomplete, (hidden ? "aria-hidden-focus " : "") + "color-contrast landmark-one-main page-has-heading-one");
    } else {
      assert.equal(incomplete, "color-contrast");
      assert.equal(violations, hidden ? "aria-hidden-focus" : name.startsWith("no") ? "landmark-one-main page-has-heading-one" : "");
    }
  }
}
JS
node check.mjs
echo "still so"
