// Justified rows: pictures of any shape side by side, each row filled from edge to edge.
const SHAPES = { audio: 2.1, document: 1.18 };

/** Width by height of a hit's tile. */
export function shape(hit) {
  if (hit.medium in SHAPES) return SHAPES[hit.medium];
  if (!hit.width || !hit.height) return 4 / 3;
  return Math.min(2.6, Math.max(0.62, hit.width / hit.height));
}

/**
 * Rows of a list: {top, height, first, tiles: [{left, width}]}, filled to `width` but for the last, which keeps `height`.
 * A row is as many tiles as bring it to at most `height`.
 */
export function justify(hits, width, height, gap, top, from = 0) {
  const rows = [];
  let first = 0;
  let shapes = [];
  let sum = 0;
  const close = (own) => {
    let left = 0;
    const tiles = shapes.map((each, place) => {
      const isLast = place === shapes.length - 1 && own.filled;
      const wide = isLast ? width - left : Math.round(each * own.height);
      const tile = { left, width: wide };
      left += wide + gap;
      return tile;
    });
    rows.push({ top, height: Math.round(own.height), first: from + first, tiles });
    top += Math.round(own.height) + gap;
  };
  hits.forEach((hit, place) => {
    shapes.push(shape(hit));
    sum += shapes.at(-1);
    const filled = (width - gap * (shapes.length - 1)) / sum;
    if (filled <= height) {
      close({ height: filled, filled: true });
      first = place + 1;
      shapes = [];
      sum = 0;
    }
  });
  if (shapes.length) {
    const filled = (width - gap * (shapes.length - 1)) / sum;
    close({ height: Math.min(height, filled), filled: filled <= height });
  }
  return { rows, bottom: top };
}

/** The rows that touch [top, bottom), by halving. */
export function between(rows, top, bottom) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].top + rows[middle].height < top) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < rows.length && rows[end].top < bottom) end += 1;
  return rows.slice(low, end);
}
