// What the tables show of many measurements.

/** @param q 0 to 1 */
export function quantile(values: number[], q: number) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? NaN,
    high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** @param value three significant digits, no exponent */
export function digits(value: number) {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

/** The median and, in brackets, the lower and upper quartile. */
export function withSpread(values: number[]) {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((q) => digits(quantile(values, q)));
  return `${middle} (${low}–${high})`;
}
