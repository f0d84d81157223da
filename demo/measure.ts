/** How an output compares with its input. */

const OFFSET_RANGE = 3000;
const STRETCH_LENGTH = 16384;
const EQUALLY_HIGH = 0.001;

/** Where the loudest stretch of a clip starts, and in which channel. */
function findLoudest(
  channels: readonly Float32Array[],
): { samples: Float32Array; start: number } {
  let best = {
    samples: channels[0] ?? new Float32Array(0),
    start: 0,
    energy: -1,
  };
  for (const samples of channels) {
    for (let start = 0; start < samples.length; start += STRETCH_LENGTH) {
      let energy = 0;
      for (const sample of samples.subarray(start, start + STRETCH_LENGTH)) {
        energy += sample ** 2;
      }
      if (energy > best.energy) best = { samples, start, energy };
    }
  }
  return best;
}

/**
 * By how many samples the output is late: where the cross-correlation of the loudest stretch is
 * highest. `null` for silence.
 */
export function findOffset(
  input: readonly Float32Array[],
  output: readonly Float32Array[],
): number | null {
  const { samples, start } = findLoudest(input);
  const stretch = samples.subarray(start, start + STRETCH_LENGTH);
  const decoded = output[input.indexOf(samples)] ?? new Float32Array(0);
  const values = Float64Array.from(
    { length: 2 * OFFSET_RANGE + 1 },
    (_, index) => correlationAt(stretch, decoded, start + index - OFFSET_RANGE),
  );
  const highest = values.reduce((a, b) => Math.max(a, b));
  if (!(highest > 0)) return null;
  let best = Infinity;
  values.forEach((value, index) => {
    const isPeak = value >= (values[index - 1] ?? 0) &&
      value >= (values[index + 1] ?? 0);
    const offset = index - OFFSET_RANGE;
    // A steady tone has many peaks, one per period: the nearest one counts.
    const isHigh = value > highest * (1 - EQUALLY_HIGH);
    if (isPeak && isHigh && Math.abs(offset) < Math.abs(best)) best = offset;
  });
  return best;
}

/** A stretch's correlation with the samples from `start` on, up to a constant factor. */
function correlationAt(
  stretch: Float32Array,
  samples: Float32Array,
  start: number,
): number {
  const from = Math.max(0, -start);
  const to = Math.min(stretch.length, samples.length - start);
  let product = 0, energy = 0;
  for (let i = from; i < to; i++) {
    const sample = samples[start + i] ?? 0;
    product += (stretch[i] ?? 0) * sample;
    energy += sample * sample;
  }
  return energy > 0 ? product / Math.sqrt(energy) : 0;
}

/**
 * Correlation and signal-to-noise ratio of all channels together; `null` for silence. The ratio is
 * taken after matching levels: else LAME's factor of 0.95 would hide everything below 26 dB.
 */
export function compare(
  input: readonly Float32Array[],
  output: readonly Float32Array[],
): { correlation: number | null; snrDb: number | null } {
  let xy = 0, xx = 0, yy = 0;
  input.forEach((channel, index) => {
    const decoded = output[index] ?? new Float32Array(0);
    for (let i = 0; i < channel.length; i++) {
      const x = channel[i] ?? 0, y = decoded[i] ?? 0;
      xy += x * y;
      xx += x * x;
      yy += y * y;
    }
  });
  if (xx === 0 || yy === 0) return { correlation: null, snrDb: null };
  const noise = xx - xy * xy / yy; // what remains of the input when the best multiple of the output is taken off
  return {
    correlation: xy / Math.sqrt(xx * yy),
    snrDb: noise > 0 ? 10 * Math.log10(xx / noise) : null,
  };
}
