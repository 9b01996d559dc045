// Vector similarity helpers for the browser demo.
//
// All functions take plain arrays or Float32Array objects of equal length and
// throw a RangeError when the lengths differ, because a silent mismatch is the
// usual sign that query and index were embedded by different models.

'use strict';

/** Throws if the two vectors do not have the same number of dimensions. */
function assertSameLength(a, b) {
  if (a.length !== b.length) {
    throw new RangeError(`dimension mismatch: ${a.length} and ${b.length}`);
  }
}

/** Inner product. Equals the cosine when both inputs have unit length. */
function dot(a, b) {
  assertSameLength(a, b);
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i] * b[i];
  return sum;
}

/** Cosine of the angle between a and b; 0 if either vector is all zeros. */
function cosineSimilarity(a, b) {
  const scale = Math.hypot(...a) * Math.hypot(...b);
  return scale === 0 ? 0 : dot(a, b) / scale;
}

/** Straight-line distance. For unit vectors it is sqrt(2 - 2 * cosine). */
function euclideanDistance(a, b) {
  assertSameLength(a, b);
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum);
}

/** Returns a copy of v scaled to unit length. Zero vectors stay zero. */
function toUnitLength(v) {
  const length = Math.hypot(...v);
  return Float32Array.from(v, (x) => (length === 0 ? 0 : x / length));
}

/**
 * Late-interaction score: for every query token take its best match among the
 * document tokens, then add up. Both arguments are arrays of vectors.
 */
function sumOfBestMatches(queryTokens, docTokens) {
  let total = 0;
  for (const q of queryTokens) {
    let best = -Infinity;
    for (const d of docTokens) best = Math.max(best, dot(q, d));
    total += best;
  }
  return total;
}

module.exports = { dot, cosineSimilarity, euclideanDistance, toUnitLength, sumOfBestMatches };
