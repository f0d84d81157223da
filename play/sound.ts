/** Where the page's sound comes from: a file, the microphone, or a few lines of arithmetic. */
import { decodeMp3Async, nearestSampleRate } from "../mod.ts";
import { resample } from "../transform.ts";
import { isWav, parseWavHeader, sampleReader, textAt } from "../cli/audio/wav.ts";

/** Audio that MP3 can hold: one or two channels, at one of its sample rates. */
export interface Clip {
  readonly name: string;
  readonly channels: Float32Array<ArrayBuffer>[];
  readonly sampleRate: number;
  /** How long all of it is; the clip may be a part. */
  readonly wholeSeconds: number;
}

/** Audio as it was found. */
export interface Source {
  readonly name: string;
  readonly channels: readonly Float32Array[];
  readonly sampleRate: number;
}

/** The longest clip: what is to be heard and seen at once. */
export const MAX_SECONDS = 30;

/** The part of a source that is looked at, as MP3 can hold it. */
export function cut({ name, channels, sampleRate }: Source, startSeconds: number): Clip {
  const length = channels[0]?.length ?? 0;
  const from = Math.min(Math.round(startSeconds * sampleRate), Math.max(0, length - 1));
  const to = Math.min(length, from + MAX_SECONDS * sampleRate);
  const codedRate = nearestSampleRate(sampleRate);
  return {
    name,
    sampleRate: codedRate,
    wholeSeconds: length / sampleRate,
    channels: channels.slice(0, 2).map((channel) => {
      const part = new Float32Array(channel.subarray(from, to));
      return codedRate === sampleRate
        ? part
        : new Float32Array(resample(part, sampleRate, codedRate));
    }),
  };
}

/** Reads a file: WAV and MP3 by our own readers, everything else as the browser decodes it. */
export async function readFile(file: File): Promise<Source> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const source = readWav(bytes) ?? await readMp3(bytes) ?? await decode(bytes);
  if (!source.channels[0]?.length) throw new Error("there are no samples in it");
  return { name: file.name, ...source };
}

type Sound = Omit<Source, "name">;

function readWav(bytes: Uint8Array): Sound | undefined {
  const header = isWav(bytes) ? parseWavHeader(bytes) : undefined;
  const read = header && sampleReader(header);
  if (!header || !read) return undefined;
  const { dataOffset, dataByteSize, frameByteSize, sampleRate } = header;
  const available = Math.min(dataByteSize, bytes.length - dataOffset);
  const byteSize = available - available % frameByteSize;
  return { channels: read(bytes.subarray(dataOffset, dataOffset + byteSize)), sampleRate };
}

async function readMp3(bytes: Uint8Array): Promise<Sound | undefined> {
  if (textAt(bytes, 0).slice(0, 3) !== "ID3" && bytes[0] !== 0xff) return undefined;
  try {
    const { channelData, sampleRate } = await decodeMp3Async(bytes);
    return { channels: channelData, sampleRate };
  } catch {
    return undefined; // something else that begins like it
  }
}

async function decode(bytes: Uint8Array<ArrayBuffer>): Promise<Sound> {
  const sampleRate = sampleRateOf(bytes) ?? 44100;
  const context = new OfflineAudioContext(1, 1, sampleRate); // it would resample to another one
  const buffer = await context.decodeAudioData(bytes.buffer);
  const channels = Array.from(
    { length: buffer.numberOfChannels },
    (_, index) => buffer.getChannelData(index),
  );
  return { channels, sampleRate };
}

/** What FLAC and Ogg files say, which browsers keep to themselves; undefined for other kinds. */
export function sampleRateOf(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 64) return undefined;
  if (textAt(bytes, 0) === "fLaC") return view.getUint32(18) >>> 12;
  if (textAt(bytes, 0) !== "OggS") return undefined;
  const packet = 27 + (bytes[26] ?? 0);
  return textAt(bytes, packet + 1) === "vorb" ? view.getUint32(packet + 12, true) : 48000; // Opus
}

/** A recording under way. */
export interface Recording {
  stop(): Promise<Source>;
}

/** Whether there may be a microphone. */
export const canRecord = "mediaDevices" in globalThis.navigator;

/** Starts to record, with what browsers do to voices turned off. */
export async function record(): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  });
  const context = new AudioContext();
  const source = context.createMediaStreamSource(stream);
  // An AudioWorklet's module would be a script from elsewhere, which the page's policy forbids.
  const tap = context.createScriptProcessor(4096, 1, 1);
  const blocks: Float32Array[] = [];
  tap.onaudioprocess = ({ inputBuffer }) => blocks.push(inputBuffer.getChannelData(0).slice());
  source.connect(tap).connect(context.destination); // it outputs silence
  await context.resume();
  return {
    async stop() {
      tap.onaudioprocess = null;
      for (const track of stream.getTracks()) track.stop();
      await context.close();
      const samples = new Float32Array(blocks.reduce((sum, { length }) => sum + length, 0));
      blocks.forEach((block, index) => samples.set(block, index * block.length));
      if (samples.length === 0) throw new Error("the microphone gave no samples");
      return { name: "recording.wav", channels: [samples], sampleRate: context.sampleRate };
    },
  };
}

/**
 * Plucked strings and claps, always the same: sharp beginnings, high frequencies and stereo are what
 * MP3 has trouble with. The strings are Karplus's and Strong's (Computer Music Journal 7(2), 1983).
 */
export function makeUp(): Source {
  const sampleRate = 44100;
  const channels = [new Float32Array(8 * sampleRate), new Float32Array(8 * sampleRate)] as const;
  let state = 1;
  const noise = () => (state = state * 48271 % 0x7fffffff) / 0x3fffffff - 1;
  const add = (at: number, pan: number, sample: number) => {
    const [left, right] = channels;
    if (at >= left.length) return;
    left[at] = (left[at] as number) + (1 - pan) * sample;
    right[at] = (right[at] as number) + pan * sample;
  };
  const pluck = (seconds: number, hz: number, pan: number) => {
    let soft = 0; // a finger, no pick
    const string = Float32Array.from(
      { length: Math.round(sampleRate / hz) },
      () => soft += 0.3 * (noise() - soft),
    );
    for (let i = 0; i < 2 * sampleRate; i++) {
      const at = i % string.length;
      const sample = string[at] as number;
      string[at] = 0.498 * (sample + (string[(at + 1) % string.length] as number));
      add(Math.round(seconds * sampleRate) + i, pan, 0.6 * sample);
    }
  };
  const clap = (seconds: number, pan: number) => {
    for (let i = 0; i < 0.15 * sampleRate; i++) {
      add(Math.round(seconds * sampleRate) + i, pan, 0.5 * noise() * Math.exp(-i / 800));
    }
  };
  const notes = [110, 164.81, 220, 261.63, 329.63, 440, 329.63, 261.63];
  for (let i = 0; i < 30; i++) {
    pluck(0.25 * i, (notes[i % 8] as number) * (i % 16 < 8 ? 1 : 0.8909), 0.25 + 0.5 * (i % 3) / 2);
    if (i % 4 === 2) clap(0.25 * i, i % 8 === 2 ? 0.3 : 0.7);
  }
  return { name: "strings-and-claps.wav", channels, sampleRate };
}
