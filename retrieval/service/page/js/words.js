// The words of the page in the chosen language. A further language is one more file in lang/.
const KEY = "language";
let strings = {};
let fallback = {};
export let language = "en";
export let languages = { en: "English" };

async function read(name) {
  const answer = await fetch(new URL(`../lang/${name}.json`, import.meta.url));
  if (!answer.ok) throw new Error(`lang/${name}.json: ${answer.status}`);
  return answer.json();
}

/** The language that was chosen, else the first of the browser's that there is, else English. */
function preferred() {
  const wanted = [localStorage.getItem(KEY), ...navigator.languages].filter(Boolean);
  for (const each of wanted) {
    const name = [each, each.split("-")[0]].find((own) => own in languages);
    if (name) return name;
  }
  return "en";
}

export async function loadWords() {
  [languages, fallback] = await Promise.all([read("index"), read("en").then((found) => found.strings)]);
  await use(preferred());
}

/** Makes the formatters of the first view, which takes long once; for while an answer is waited for. */
export function warmUp() {
  form("PluralRules").select(1);
  number(1);
  day("2000-01");
}

async function use(name) {
  const found = name === "en" ? { strings: fallback } : await read(name);
  language = name;
  strings = found.strings;
  document.documentElement.lang = name === "zh" ? "zh-Hans" : name;
  document.documentElement.dir = found.direction ?? "ltr";
}

export async function chooseLanguage(name) {
  localStorage.setItem(KEY, name);
  await use(name);
}

/** The words for a key, with {places} filled; one of several forms by the number `n`. */
export function t(key, values = {}) {
  let found = strings[key] ?? fallback[key];
  if (found === undefined) return key;
  if (typeof found === "object") {
    found = found[form("PluralRules").select(values.n)] ?? found.other;
  }
  return found.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? number(value) : value;
  });
}

const forms = new Map();

/** A formatter of the chosen language, kept: making one takes longer than a hundred uses. */
function form(kind, options = {}) {
  const name = `${language} ${kind} ${JSON.stringify(options)}`;
  if (!forms.has(name)) forms.set(name, new Intl[kind](language, options));
  return forms.get(name);
}

export const number = (value) => form("NumberFormat").format(value);
export const percent = (value) => form("NumberFormat", { style: "percent" }).format(value);

/** 75000 ms: 1:15. */
export function clock(ms) {
  const whole = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** A local date as precise as it is known: 2019, 2019-07, 2019-07-14 or with a time. */
export function day(date) {
  const [year, month, rest] = [date.slice(0, 4), date.slice(5, 7), date.slice(8, 10)];
  if (!month) return year;
  const value = new Date(Number(year), Number(month) - 1, Number(rest || 1));
  return form("DateTimeFormat", rest ? { dateStyle: "medium" } : { year: "numeric", month: "long" }).format(value);
}

export const month = (date) => day(date.slice(0, 7));

/** When something happened, to the minute. */
export function moment(date) {
  if (date.length < 16) return day(date);
  return form("DateTimeFormat", { dateStyle: "medium", timeStyle: "short" }).format(new Date(date));
}

/** Bytes in the unit that gives the shortest number. */
export function size(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  let step = 0;
  let value = bytes ?? 0;
  while (value >= 1000 && step < units.length - 1) {
    value /= 1000;
    step += 1;
  }
  const digits = value < 10 && step ? 1 : 0;
  return form("NumberFormat", { style: "unit", unit: units[step], unitDisplay: "short", maximumFractionDigits: digits }).format(value);
}
