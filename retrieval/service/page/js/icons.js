// Line icons, drawn for this page on a grid of 24.
import { html } from "./dom.js";

const PATHS = {
  search: "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14Zm5 12 4.5 4.5",
  close: "M6 6l12 12M18 6 6 18",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 2.5-2.5L20 17M15.5 9.5h.01",
  video: "M3.5 6h12v12h-12zM15.5 10.5l5-3v9l-5-3",
  audio: "M4 10v4M8 6.5v11M12 9v6M16 4.5v15M20 10v4",
  document: "M6 3.5h8l4 4V20.5H6zM13.5 3.5V8H18M9 12h6M9 15.5h6",
  clip: "M20 11.5l-8 8a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7L9.8 17a1.6 1.6 0 0 1-2.3-2.3l7.5-7.5",
  microphone: "M12 3.5a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3ZM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3",
  stop: "M7 7h10v10H7z",
  calendar: "M4 6h16v14H4zM4 10.5h16M8.5 3.5V7M15.5 3.5V7",
  folder: "M3.5 6h6l2 2.5h9V19h-17z",
  camera: "M3.5 7.5h4l2-3h5l2 3h4V19h-17zM12 10a3 3 0 1 1 0 6 3 3 0 0 1 0-6Z",
  language: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17ZM3.5 12h17M12 3.5c-5 5-5 12 0 17M12 3.5c5 5 5 12 0 17",
  tag: "M4 4h8l8 8-8 8-8-8zM8 8h.01",
  sort: "M7 5v14M7 19l-3-3M7 19l3-3M13 6h7M13 11h5.5M13 16h4",
  grid: "M4 4h9v7H4zM15.5 4H20v7h-4.5zM4 13.5h4.5V20H4zM11 13.5h9V20h-9z",
  copies: "M8 8h12v12H8zM16 8V4H4v12h4",
  library: "M4 6.5C4 5 8 4 12 4s8 1 8 2.5S16 9 12 9 4 8 4 6.5ZM4 6.5v11C4 19 8 20 12 20s8-1 8-2.5v-11M4 12c0 1.5 4 2.5 8 2.5s8-1 8-2.5",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM12 2.5V5M12 19v2.5M2.5 12H5M19 12h2.5M5.3 5.3l1.8 1.8M16.9 16.9l1.8 1.8M5.3 18.7l1.8-1.8M16.9 7.1l1.8-1.8",
  moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z",
  auto: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17ZM12 3.5v17M12 8l4-2M12 12l7.5-3M12 16l7-2",
  previous: "M14.5 5l-7 7 7 7",
  next: "M9.5 5l7 7-7 7",
  download: "M12 4v11M12 15l-4-4M12 15l4-4M5 19.5h14",
  crop: "M7 2.5V17h14.5M2.5 7H17v14.5",
  like: "M4 12h10M9 7v10M16 6l4 3-4 3",
  more: "M12 5v14M5 12h14",
  less: "M5 12h14",
  play: "M8 5.5v13l11-6.5z",
  warning: "M12 4l9 16H3zM12 10v4.5M12 17.5h.01",
  offline: "M3 3l18 18M5 12.5a10 10 0 0 1 4.5-2.5M14.5 10a10 10 0 0 1 4.5 2.5M8.5 16a5 5 0 0 1 7 0M12 19.5h.01",
  check: "M5 12.5l4.5 4.5L19 7.5",
  link: "M10 14l4-4M8.5 10.5l-3 3a3.5 3.5 0 0 0 5 5l3-3M15.5 13.5l3-3a3.5 3.5 0 0 0-5-5l-3 3",
  open: "M13 4.5h6.5V11M19.5 4.5l-9 9M10 6H5v13h13v-5",
  why: "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5h.01M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17Z",
  clock: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17ZM12 7.5V12l3 2",
  place: "M12 3.5a6 6 0 0 1 6 6c0 4.5-6 11-6 11s-6-6.5-6-11a6 6 0 0 1 6-6ZM12 8a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6Z",
  saved: "M6 3.5h12v17l-6-4.5-6 4.5z",
  select: "M4 4h16v16H4zM8 12.5l3 3 5-6",
};

export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;
}
