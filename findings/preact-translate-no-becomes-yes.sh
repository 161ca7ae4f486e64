#!/usr/bin/env bash
# Preact turns translate="no" into translate="yes", and download=${true} into a file named "true"; htm leaves &amp; as it stands.
#
# Libraries: preact 11.2.0, htm 3.1.1, jsdom 29.1.1. Needs Node.js 20 or later with npm. Met on 29 November 2026, Node.js 20.20.2.
# Seen: html`<b translate="no">` renders <b translate="yes">: the string is set on a property that HTML defines as boolean,
#   so names of files and persons are offered for translation. translate=${false} renders "no".
#   <a download=${true}> renders download="true", the name under which the browser saves; download="" is right.
#   <select multiple value=${["a", "b"]}> selects none. htm decodes no entities: "&amp;" and "&nbsp;" show as five and six letters.
#   A tree made with preact 11 and rendered by htm/preact/standalone, which carries a Preact of its own, is empty, without an error.
# A media indexer must: write translate=${false} and download="", real characters in place of entities, selected on each option, and
#   vendor one Preact only.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund preact@11.2.0 htm@3.1.1 jsdom@29.1.1
cat >check.mjs <<'JS'
import assert from "node:assert";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!doctype html><body></body>");
globalThis.document = window.document;
const { h, render } = await import("preact");
const html = (await import("htm")).default.bind(h);
const standalone = await import("htm/preact/standalone");
const root = document.body;

function shown(tree, by = render) {
  by(null, root);
  by(tree, root);
  console.log(root.innerHTML);
  return root.innerHTML;
}

assert.equal(shown(html`<b translate="no">IMG 1</b>`), '<b translate="yes">IMG 1</b>');
assert.equal(shown(html`<b translate=${false}>IMG 1</b>`), '<b translate="no">IMG 1</b>');
assert.equal(shown(html`<a download=${true}>x</a>`), '<a download="true">x</a>');
assert.equal(shown(html`<a download="">x</a>`), '<a download="">x</a>');
assert.equal(shown(html`<i>a &amp; b&nbsp;c</i>`), "<i>a &amp;amp; b&amp;nbsp;c</i>");
shown(html`<select multiple value=${["a", "b"]}><option value="a">a</option><option value="b">b</option></select>`);
assert.equal(root.firstChild.selectedOptions.length, 0);
render(null, root);
assert.equal(shown(html`<i>x</i>`, standalone.render), "");
assert.equal(shown(standalone.html`<i>x</i>`, standalone.render), "<i>x</i>");
JS
node check.mjs
echo "still so"
