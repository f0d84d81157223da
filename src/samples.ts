/** What may be wrong with samples' values: found by the library, told here. */
import { Mp3AugmentError } from "../ffi/errors.ts";
import { STATUS_NAMES } from "../ffi/symbols.ts";
import type { Planes } from "./audio.ts";
import { MAX_LEVEL, MAX_PEAK } from "./constants.ts";
import { library } from "./native.ts";

/** The message of an error about samples' values, if that is what a status tells. */
export function describeSamples(status: number, input: Planes): (() => string) | undefined {
  const name = STATUS_NAMES[status];
  if (name === "NON_FINITE_AUDIO") return () => nonFiniteMessage(input);
  return name === "INVALID_AUDIO" ? () => tooLoudMessage(input) : undefined;
}

function nonFiniteMessage(input: Planes): string {
  return `samples must be finite numbers, but ${describeNonFinite(input)}: clean the audio`;
}

function tooLoudMessage(input: Planes): string {
  const peak = peakOf(input);
  return peak > MAX_PEAK
    ? `samples reach ${peak}, and at most ${MAX_PEAK} can be coded: full scale is 1`
    : `samples reach ${peak}, but nothing scales them here and at most ${MAX_LEVEL} ` +
      `(with peak: that many times) can be coded: full scale is 1`;
}

/** Throws `NON_FINITE_AUDIO` now, where a call would do so when it runs. */
export function checkFinite(input: Planes): void {
  const { native } = library();
  const isFinite = (channel: Float32Array) =>
    native.mp3a_is_finite(channel, input.frameCount) === 1;
  if (input.channels.every(isFinite)) return;
  throw new Mp3AugmentError("NON_FINITE_AUDIO", nonFiniteMessage(input));
}

/** The largest magnitude. */
function peakOf(planes: Planes): number {
  const peak = (channel: Float32Array) =>
    channel.reduce((largest, sample) => Math.max(largest, Math.abs(sample)), 0);
  return Math.max(...planes.channels.map(peak));
}

/** Where the first NaN or infinite sample is, for a message. */
function describeNonFinite(planes: Planes): string {
  for (const [channel, samples] of planes.channels.entries()) {
    const index = samples.findIndex((sample) => !Number.isFinite(sample));
    if (index >= 0) {
      return `sample ${index} of channel ${channel} is ${samples[index]}`;
    }
  }
  return "a sample is NaN or infinite";
}
