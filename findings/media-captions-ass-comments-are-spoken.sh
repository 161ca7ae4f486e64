#!/usr/bin/env bash
# media-captions adds each comment line of an ASS file, and a style section that follows the events, to the words of the cue before it.
#
# Library: media-captions 1.0.4. Needs Node.js 20 or later with npm. Met on 30 November 2026, Node.js 20.20.2.
# Seen, parseText(..., {type: "ass", errors: true}), no error each time:
#   `Dialogue: ... early` and then `Comment: ... template` (what editors keep and players never show): "early\nComment: 0,0:00:07.00,..."
#   a remark `; checked` or an event `Picture:` behind a dialogue: the whole line stands in the words
#   [Events] before [V4+ Styles], without a blank line between: the last cue says "[V4+ Styles]\nFormat: Name, Fontname, ..."
#   `\h` (a hard blank) stays as two letters, a drawing {\p1}m 0 0 l 100 0{\p0} is the sentence "m 0 0 l 100 0"
#   A comment before the first dialogue, other sections behind the events, SSA and another order of columns are read rightly.
# A media indexer must: take only the lines `Dialogue:` of [Events], leave drawings out and make `\h` a blank, before or in place of it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund media-captions@1.0.4
cat >check.mjs <<'JS'
import assert from "node:assert";
import { parseText } from "media-captions";

const info = "[Script Info]\nScriptType: v4.00+\n\n";
const styles = `[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Alignment
Style: Default,Arial,20,&H00FFFFFF,2

`;
const event = (kind, start, end, text) => `${kind}: 0,0:00:0${start}.00,0:00:0${end}.00,Default,,0,0,0,,${text}\n`;
const events = (...lines) =>
  "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n" + lines.join("") + "\n";
const early = event("Dialogue", 1, 2, "early");

async function words(text) {
  const { cues, errors } = await parseText(text, { type: "ass", errors: true });
  assert.equal(errors.length, 0);
  const found = cues.map((cue) => cue.text);
  console.log(found);
  return found;
}

const last = event("Dialogue", 8, 9, "last");
assert.deepEqual(await words(info + styles + events(early, last)), ["early", "last"]);
assert.deepEqual(await words(info + styles + events(event("Comment", 0, 1, "credits"), early)), ["early"]);
assert.deepEqual(await words(info + styles + events(early, event("Comment", 7, 8, "template"), last)), [
  "early\nComment: 0,0:00:07.00,0:00:08.00,Default,,0,0,0,,template",
  "last",
]);
assert.deepEqual(await words(info + styles + events(early, "; checked\n", last)), ["early\n; checked", "last"]);
assert.match((await words(info + events(early).trimEnd() + "\n" + styles))[0], /^early\n\[V4\+ Styles\]\nFormat: Name, Fontname/);
const drawn = event("Dialogue", 3, 4, "{\\p1}m 0 0 l 100 0{\\p0}");
assert.deepEqual(await words(info + styles + events(event("Dialogue", 1, 2, "a\\hb"), drawn)), ["a\\hb", "m 0 0 l 100 0"]);
JS
node check.mjs
echo "still so"
