// A text with the words of the question marked, cut around the first of them.
import { html } from "./dom.js";

/** The part of a text shown: [from, to) in characters, at word borders where there are any. */
function excerpt(text, marks, around) {
  const first = marks.length ? marks[0][0] : 0;
  if (text.length <= around * 1.3) return [0, text.length];
  let from = Math.max(0, first - Math.floor(around / 3));
  if (from) {
    const blank = text.indexOf(" ", from);
    if (blank >= 0 && blank < first) from = blank + 1;
  }
  return [from, Math.min(text.length, from + around * 1.3)];
}

/** around: about how many characters are shown; default all. marks: [start, end) in code points of the text. */
export function Marked({ text, marks = [], around = Infinity }) {
  const points = Array.from(text); // marks count code points, JavaScript counts UTF-16
  const units = points.length === text.length ? null : offsets(points);
  const own = marks.map(([start, end]) => (units ? [units[start], units[end]] : [start, end]));
  const [from, to] = excerpt(text, own, around);
  const parts = [];
  let at = from;
  for (const [start, end] of own) {
    if (start < at || start >= to) continue;
    parts.push(text.slice(at, start), html`<mark>${text.slice(start, Math.min(end, to))}</mark>`);
    at = Math.min(end, to);
  }
  parts.push(text.slice(at, to));
  return html`${from > 0 && "… "}${parts}${to < text.length && " …"}`;
}

function offsets(points) {
  const found = [0];
  for (const each of points) found.push(found.at(-1) + each.length);
  return found;
}
