/**
 * Short-time power spectra, and the picture of them that the page draws.
 *
 * @module
 */
import { fft } from "fourier-transform";

/** Of one clip: one array per channel, all of one length. */
export type Channels = readonly Float32Array[];

/** Samples per channel. */
export function lengthOf(channels: Channels): number {
  return channels[0]?.length ?? 0;
}

/** The picture's most columns: more than a screen shows at this width. */
const MAX_COLUMNS = 800;

/** Up to these bins a row holds one of them, two and, above, four: a mel axis shows low ones large. */
const SINGLES_TO = 128;
const PAIRS_TO = 256;

/** How far below the ceiling a level may be, in dB; one step of a byte is 1 dB. */
export const LEVEL_RANGE_DB = 100;

/** How many dB of change in either direction the picture of the difference tells apart. */
export const DIFFERENCE_RANGE_DB = 30;

/** What the page draws: a byte per cell, column by column, low frequencies first. */
export interface Spectrogram {
  readonly columns: number;
  /** Where the rows of a column begin and end, in Hz: one more than there are rows. */
  readonly edgesHz: readonly number[];
  /** 0 is `LEVEL_RANGE_DB` or more below the ceiling, `LEVEL_RANGE_DB` the ceiling. */
  readonly levels: Uint8Array;
}

/** The power of two that comes closest to 46 ms, the time that 2048 samples take at 44.1 kHz. */
export function chooseFrameSize(sampleRate: number): number {
  return 2 ** Math.round(Math.log2(0.046 * sampleRate));
}

/** A periodic Hann window that gives a sine of amplitude 1 a peak of power 1. */
function makeWindow(frameSize: number): Float64Array {
  return Float64Array.from(
    { length: frameSize },
    (_, i) => (1 - Math.cos(2 * Math.PI * i / frameSize)) * 2 / frameSize,
  );
}

/** Where the frames have their centres. */
export interface Frames {
  /** Samples per frame, a power of two. */
  readonly frameSize: number;
  /** The first centre, in samples. */
  readonly from: number;
  /** The centre that the last one doesn't reach. */
  readonly to: number;
  /** Samples from one centre to the next. */
  readonly hop: number;
}

/** Frames that lie in the clip, a quarter apart, as a Hann window wants it; at least one. */
export function framesWithin(length: number, sampleRate: number): Frames {
  const frameSize = chooseFrameSize(sampleRate);
  const from = frameSize / 2;
  return { frameSize, from, to: Math.max(from, length - from) + 1, hop: frameSize / 4 };
}

/** Frames over the whole clip, as many as a picture needs. */
function framesOver(length: number, sampleRate: number): Frames {
  const { frameSize, hop } = framesWithin(length, sampleRate);
  return { frameSize, from: 0, to: length, hop: Math.min(hop, Math.ceil(length / MAX_COLUMNS)) };
}

/**
 * The power spectra of a clip's frames, as the mean over its channels. A full-scale sine has power
 * 1. A frame that would reach over an end of the clip is moved inside: the step there would have all
 * frequencies.
 *
 * @returns `frameSize / 2` powers per frame, from 0 Hz on, in memory that the next frame reuses
 */
export function* powerFrames(
  channels: Channels,
  { frameSize, from, to, hop }: Frames,
): Generator<Float64Array, void> {
  const window = makeWindow(frameSize);
  const frame = new Float64Array(frameSize);
  const power = new Float64Array(frameSize / 2);
  const lastStart = lengthOf(channels) - frameSize;
  for (let centre = from; centre < to; centre += hop) {
    const start = Math.max(0, Math.min(lastStart, centre - frameSize / 2));
    power.fill(0);
    for (const channel of channels) {
      for (let i = 0; i < frameSize; i++) {
        frame[i] = (channel[start + i] ?? 0) * (window[i] as number);
      }
      const [real, imaginary] = fft(frame);
      for (let k = 0; k < power.length; k++) {
        const squared = (real[k] as number) ** 2 + (imaginary[k] as number) ** 2;
        power[k] = (power[k] as number) + squared / channels.length;
      }
    }
    yield power;
  }
}

/** The highest level in a clip's spectrogram, rounded up to whole dB; -Infinity for silence. */
export function ceilingDb(channels: Channels, sampleRate: number): number {
  let highest = 0;
  for (const power of powerFrames(channels, framesOver(lengthOf(channels), sampleRate))) {
    for (const value of power) if (value > highest) highest = value;
  }
  return Math.ceil(10 * Math.log10(highest));
}

/** The rows of a column, each by its first bin, and the end of the last. */
function rowEdges(binCount: number): number[] {
  const edges = [0];
  for (let bin = 0; bin < binCount;) {
    bin += bin < SINGLES_TO ? 1 : bin < PAIRS_TO ? 2 : 4;
    edges.push(bin);
  }
  return edges;
}

/**
 * The picture of a clip: the mean power of each cell.
 *
 * @param ceiling the level in dB that the highest byte stands for
 */
export function spectrogram(channels: Channels, sampleRate: number, ceiling: number): Spectrogram {
  const length = lengthOf(channels);
  const frames = framesOver(length, sampleRate);
  const frameCount = Math.ceil(length / frames.hop);
  const columns = Math.min(MAX_COLUMNS, frameCount);
  const edges = rowEdges(frames.frameSize / 2);
  const rows = edges.length - 1;
  const sums = new Float64Array(columns * rows);
  const framesIn = new Uint32Array(columns);
  let index = 0;
  for (const power of powerFrames(channels, frames)) {
    const column = Math.floor(index++ * columns / frameCount);
    framesIn[column] = (framesIn[column] as number) + 1;
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      const end = edges[row + 1] as number;
      for (let bin = edges[row] as number; bin < end; bin++) sum += power[bin] as number;
      sums[column * rows + row] = (sums[column * rows + row] as number) + sum;
    }
  }
  const levels = Uint8Array.from(sums, (sum, cell) => {
    const row = cell % rows;
    const binCount = (edges[row + 1] as number) - (edges[row] as number);
    const power = sum / binCount / (framesIn[Math.floor(cell / rows)] as number);
    const level = 10 * Math.log10(power) - ceiling + LEVEL_RANGE_DB;
    return Math.round(Math.min(LEVEL_RANGE_DB, Math.max(0, level)));
  });
  return { columns, edgesHz: edges.map((bin) => bin * sampleRate / frames.frameSize), levels };
}
