// The bench's clips, all made from one real recording (the npm package audio-lena: 12.27 s of mono at
// 44.1 kHz), the same on every run.
import { Buffer } from "node:buffer";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ClipFile } from "./worker.ts";

export interface Clip extends ClipFile {
  name: string;
  isLong: boolean;
}

const SOURCE_RATE = 44100;

/** The recording itself: mono, 32-bit floats. */
export const recordingPath = fileURLToPath(
  new URL("lena.raw", import.meta.resolve("audio-lena")),
);

function readRecording() {
  const bytes = readFileSync(recordingPath);
  return new Float32Array(
    bytes.buffer,
    bytes.byteOffset,
    bytes.byteLength >> 2,
  );
}

/**
 * Resampling by a windowed sinc, good enough for a benchmark.
 * @param from Hz
 * @param to Hz
 */
function resample(samples: Float32Array, from: number, to: number) {
  const HALF_WIDTH = 16;
  const cutoff = Math.min(1, to / from);
  const reach = HALF_WIDTH / cutoff;
  return Float32Array.from(
    { length: Math.floor(samples.length * to / from) },
    (_, index) => {
      const center = index * from / to;
      let sum = 0;
      for (let i = Math.ceil(center - reach); i <= center + reach; i++) {
        const x = Math.PI * cutoff * (i - center);
        const window = 0.5 + 0.5 * Math.cos(Math.PI * (i - center) / reach);
        sum += (samples[i] ?? 0) * window * (x === 0 ? 1 : Math.sin(x) / x);
      }
      return sum * cutoff;
    },
  );
}

/** A second channel that has to do with the first, as in a real room: later, softer and duller. */
function makeRight(left: Float32Array) {
  const DELAY = 441;
  let smoothed = 0;
  return left.map((sample, index) => {
    smoothed += 0.4 * ((left[index - DELAY] ?? 0) - smoothed);
    return 0.3 * sample + 0.6 * smoothed;
  });
}

function tile(samples: Float32Array, frameCount: number) {
  return Float32Array.from(
    { length: frameCount },
    (_, index) => samples[index % samples.length] ?? 0,
  );
}

/**
 * Writes the clips into a folder.
 * @param quick only short ones
 */
export function makeClips(folder: string, quick: boolean): Clip[] {
  const recording = readRecording();
  const write = (
    name: string,
    sampleRate: number,
    channels: Float32Array[],
    isLong = false,
  ): Clip => {
    const path = join(folder, `${name.replaceAll(" ", "-")}.f32`);
    const bytes = channels.map(({ buffer, byteOffset, byteLength }) =>
      new Uint8Array(buffer, byteOffset, byteLength)
    );
    writeFileSync(path, Buffer.concat(bytes));
    const frameCount = channels[0]?.length ?? 0;
    return {
      name,
      path,
      sampleRate,
      channelCount: channels.length,
      frameCount,
      isLong,
    };
  };
  const mono = (seconds: number, sampleRate: number) => {
    // A little more than is needed, so that the last sample has neighbours on both sides.
    const part = recording.subarray(
      0,
      Math.ceil((seconds + 0.1) * SOURCE_RATE),
    );
    return resample(part, SOURCE_RATE, sampleRate).subarray(
      0,
      seconds * sampleRate,
    );
  };
  const stereo = (seconds: number) => {
    const left = tile(recording, seconds * SOURCE_RATE);
    return [left, makeRight(left)];
  };
  if (quick) {
    return [
      write("1 s mono 16 kHz", 16000, [mono(1, 16000)]),
      write("10 s stereo 44.1 kHz", SOURCE_RATE, stereo(10), true),
    ];
  }
  return [
    write("1 s mono 16 kHz", 16000, [mono(1, 16000)]),
    write("8 s mono 48 kHz", 48000, [mono(8, 48000)]),
    write("8 s stereo 44.1 kHz", SOURCE_RATE, stereo(8)),
    write("10 min stereo 44.1 kHz", SOURCE_RATE, stereo(600), true),
  ];
}

/**
 * Writes mixed clips into one file, and the list of them: 1 to 8 s, all nine rates, mono and stereo,
 * bitrates from 32 to 192 kbps. The recording is taken as it is at every rate: what matters here is
 * how much there is to code.
 */
export function makeBatch(folder: string, count: number) {
  const RATES = [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000];
  const BITRATES = [32, 64, 96, 128, 192];
  const recording = readRecording();
  const right = makeRight(recording);
  let offset = 0, audioSeconds = 0;
  const parts: Float32Array[] = [];
  const list = Array.from({ length: count }, (_, i) => {
    const sampleRate = RATES[(i * 5) % RATES.length] ?? 0;
    const seconds = 1 + (i * 37 % 71) / 10;
    const frameCount = Math.round(seconds * sampleRate);
    const start = i * 7919 % Math.max(1, recording.length - frameCount);
    const channelCount = 1 + i % 2;
    parts.push(
      ...[recording, right].slice(0, channelCount)
        .map((channel) => channel.subarray(start, start + frameCount)),
    );
    const entry = { offset, frameCount, channelCount, sampleRate };
    offset += frameCount * channelCount;
    audioSeconds += seconds;
    return { ...entry, bitrateKbps: BITRATES[i % BITRATES.length] };
  });
  const paths = [join(folder, "batch.json"), join(folder, "batch.f32")];
  writeFileSync(paths[0] ?? "", JSON.stringify(list));
  writeFileSync(
    paths[1] ?? "",
    Buffer.concat(
      parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength)),
    ),
  );
  return { paths, audioSeconds };
}
