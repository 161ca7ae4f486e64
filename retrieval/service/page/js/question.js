// From a route to the question that the service reads.
import { hasFilters, isAsking } from "./route.js";

export const PAGE = 120; // hits asked for at a time
const ALL_MEDIA = ["image", "video", "audio", "document"];
const TYPING_MS = 40; // between the last key and the question
const UNFINISHED_MS = 800; // ... where an operand may go on: half of it would be refused
const FIELDS = "in|path|after|before|duration|camera|near|place|lang|size|tag|said|shows|reads|sounds|image|audio|video|document|like";
const QUOTED = `["“„「«][^"”“」»]*`;
const OPERAND = `(?:^|[\\s(（+＋－−-])(?:${FIELDS})[:：](?:${QUOTED}|\\S*)|(?:^|\\s)[+＋－−-]${QUOTED}`;
const UNFINISHED = new RegExp(`(?:${OPERAND}|(?:^|\\s)(?:AND|OR|NOT|THEN)\\s*)$`);

/** How long to wait after the last key of a text, in ms. */
export const pauseAfter = (text) => (UNFINISHED.test(text) ? UNFINISHED_MS : TYPING_MS);

/** The year, month or day behind one: the service's `before` leaves its own time out. */
function behind(date) {
  const [year, month, day] = date.split("-").map(Number);
  const two = (value) => String(value).padStart(2, "0");
  if (!month) return String(year + 1).padStart(4, "0");
  if (!day) return month < 12 ? `${String(year).padStart(4, "0")}-${two(month + 1)}` : `${String(year + 1).padStart(4, "0")}-01`;
  return new Date(Date.UTC(year, month - 1, day + 1)).toISOString().slice(0, 10);
}

/** The year, month or day before one. */
export function inFront(date) {
  const [year, month, day] = date.split("-").map(Number);
  if (!month) return String(year - 1).padStart(4, "0");
  const before = new Date(Date.UTC(year, month - 1, day ? day - 1 : 0)).toISOString();
  return before.slice(0, day ? 10 : 7);
}

/** The body of a search. An empty box browses: everything, newest first. */
export function question(route) {
  const isBrowsing = !isAsking(route);
  const body = { query: route.q.trim(), filters: { media: route.in } };
  for (const name of ["after", "path", "camera", "lang", "tag"]) {
    if (route[name]) body.filters[name] = route[name];
  }
  if (route.until) body.filters.before = behind(route.until);
  if (route.near) body.filters.near = route.near.split(",").map(Number);
  const [least, most] = route.lasts.split("-"); // seconds
  if (least) body.filters.min_duration_ms = 1000 * Number(least);
  if (most) body.filters.max_duration_ms = 1000 * Number(most);
  if (isBrowsing && !hasFilters(route)) body.filters.media = ALL_MEDIA;
  if (route.like) body.like = route.like;
  if (route.more.length) body.more_like = route.more;
  if (route.less.length) body.less_like = route.less;
  if (route.reach) body.reach = route.reach;
  if (isBrowsing || route.sort === "date") body.sort = "date";
  return body;
}
