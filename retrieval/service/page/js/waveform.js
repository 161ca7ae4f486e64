// The loudness of a recording over time as bars, with the moments that answer in the accent colour.
import { html, useEffect, useState } from "./dom.js";
import { waveform } from "./api.js";

const known = new Map(); // asset: promise of peaks 0..1

function peaksOf(asset) {
  if (!known.has(asset)) known.set(asset, waveform(asset).catch(() => null));
  if (known.size > 400) known.delete(known.keys().next().value);
  return known.get(asset);
}

export function usePeaks(hit) {
  const [peaks, setPeaks] = useState(null);
  useEffect(() => {
    let here = true;
    peaksOf(hit.asset).then((found) => here && setPeaks(found));
    return () => {
      here = false;
    };
  }, [hit.asset]);
  return peaks;
}

/** `bars` peaks of a list, each the greatest of its part. */
export function thinned(peaks, bars) {
  return Array.from({ length: bars }, (_, bar) => {
    const from = Math.floor((bar * peaks.length) / bars);
    return Math.max(...peaks.slice(from, Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / bars))));
  });
}

/** segments: those whose times are marked. played: 0..1. */
export function Waveform({ hit, bars, segments = [], played = -1 }) {
  const peaks = usePeaks(hit);
  const duration = hit.duration_ms || 1;
  const heights = peaks ? thinned(peaks, bars) : Array(bars).fill(0);
  const inside = (bar) => {
    const time = ((bar + 0.5) / bars) * duration;
    return segments.some((each) => each.start_ms !== null && time >= each.start_ms && time < each.end_ms);
  };
  const path = (wanted) => heights.map((height, bar) => (inside(bar) === wanted ? line(bar, height) : "")).join("");
  return html`<svg class="waveform" viewBox=${`0 0 ${bars * 4} 64`} preserveAspectRatio="none" aria-hidden="true" data-ready=${peaks !== null}>
    <path class="bars" d=${path(false)} /><path class="bars found" d=${path(true)} />
    ${played >= 0 && html`<rect class="played" x=${played * bars * 4} y="0" width="1.5" height="64" />`}
  </svg>`;
}

function line(bar, height) {
  const half = Math.max(1, height * 31);
  return `M${bar * 4 + 2} ${32 - half}V${32 + half}`;
}
