/** A sound file that is ready to be read as often as it takes: in memory if short, else from disk. */
import { type Mp3Info, peakOfPcm16 } from "../../mod.ts";
import {
  type Container,
  decodeBytes,
  type Pcm16Clip,
  peakOf,
  readBlocks,
  readBytes,
  readFileInto,
  readPcm16,
} from "./read.ts";
import { KIND_WORDS } from "../errors.ts";
import { waitingFor } from "../files.ts";
import { type Found, isStandardInput, isUnchanged, lookNow } from "../paths.ts";
import { Scratch } from "./scratch.ts";
import { blockOfPcm16, planesOfPcm16, type Storage } from "./wav.ts";

/** A sound file and what is known of it. */
export interface Source {
  readonly container: Container;
  readonly sampleRate: number;
  readonly channelCount: number;
  readonly frameCount: number;
  /** Each channel's largest magnitude; of 16-bit samples in memory that of all channels. */
  readonly peaks: readonly number[];
  /** What else is known of an MP3 file. */
  readonly mp3?: Mp3Info;
  /** How the samples are stored, in a lossless format. */
  readonly storage?: Storage;
  /** All samples, of a short file. */
  readonly clip: Float32Array[] | undefined;
  /** The same as they are, of a short WAV file with 16 bits. */
  readonly pcm16?: Int16Array;
  /** All samples, from the start. */
  blocks(): AsyncIterable<Float32Array[]>;
}

/** Several short files are in memory at a time, each as floats and twice as bytes. */
const MAX_WAV_BYTE_SIZE = 4 << 20;
/** Compressed files become many times as large. */
const MAX_COMPRESSED_BYTE_SIZE = 1 << 18;

/** How a source is opened. */
export interface OpenOptions {
  readonly scratch?: Scratch;
  /** Ends the first reading of a long file. */
  readonly signal?: AbortSignal;
  /** Refuses pipes and devices, which may have no end. */
  readonly onlyFiles?: boolean;
}

/** Opens a file; a pipe, a device and standard input are read whole. */
export async function openSource(path: string, options: OpenOptions = {}): Promise<Source> {
  const { scratch = new Scratch(), signal, onlyFiles = false } = options;
  const found = lookNow(path);
  if (found === undefined && path !== "-") throw new Error("there is no such file");
  if (found?.kind === "folder" || (onlyFiles && found && found.kind !== "file")) {
    throw new Error(`${KIND_WORDS[found.kind]}, not a sound file`);
  }
  if (found?.kind !== "file" || isStandardInput(path)) {
    return await sourceOfBytes(await readBytes(path), scratch);
  }
  const limit = /\.(wav|aiff?|aifc)$/i.test(path) ? MAX_WAV_BYTE_SIZE : MAX_COMPRESSED_BYTE_SIZE;
  if (found.byteSize > limit) return await openLong(path, found, signal);
  const bytes = waitingFor(() => readFileInto(path, found.byteSize, scratch));
  checkUnchanged(path, found);
  return await sourceOfBytes(bytes, scratch);
}

/** Throws where a file isn't any more what it was. */
export function checkUnchanged(path: string, before: Found): void {
  if (isUnchanged(before, lookNow(path))) return;
  throw new Error("the file was changed while it was read");
}

/** A file in memory. */
export async function sourceOfBytes(
  bytes: Uint8Array,
  scratch: Scratch = new Scratch(),
): Promise<Source> {
  const pcm16 = readPcm16(bytes);
  if (pcm16) return sourceOfPcm16(pcm16, scratch);
  const { channels, sampleRate, container, mp3, storage } = await decodeBytes(bytes, scratch);
  const peaks = channels.map((channel) => checkPeak(peakOf(channel)));
  return {
    container,
    sampleRate,
    channelCount: channels.length,
    frameCount: channels[0]?.length ?? 0,
    peaks,
    clip: channels,
    ...(mp3 && { mp3 }),
    ...(storage && { storage }),
    async *blocks() {
      yield channels;
    },
  };
}

function sourceOfPcm16({ samples, channelCount, sampleRate }: Pcm16Clip, scratch: Scratch): Source {
  return {
    container: "wav",
    sampleRate,
    channelCount,
    frameCount: samples.length / channelCount,
    peaks: new Array(channelCount).fill(peakOfPcm16(samples)),
    pcm16: samples,
    storage: { bitsPerSample: 16, sampleType: "integer" },
    get clip() {
      return planesOfPcm16(samples, channelCount, scratch);
    },
    blocks: () => blockOfPcm16(samples, channelCount, scratch),
  };
}

/** Reads a long file once, to know its length and its peak. */
async function openLong(
  path: string,
  found: Found,
  signal: AbortSignal | undefined,
): Promise<Source> {
  let container: Container = "wav";
  let mp3: Mp3Info | undefined;
  let storage: Storage | undefined;
  let sampleRate = 0;
  let channelCount = 0;
  let frameCount = 0;
  let peaks: number[] = [];
  for await (const block of readBlocks(path)) {
    signal?.throwIfAborted();
    if (
      frameCount > 0 && (block.sampleRate !== sampleRate || block.channels.length !== channelCount)
    ) {
      throw new Error("the file changes its sample rate or its channels on the way");
    }
    ({ sampleRate, container, mp3, storage } = block);
    channelCount = block.channels.length;
    frameCount += block.channels[0]?.length ?? 0;
    peaks = block.channels.map((channel, index) =>
      checkPeak(Math.max(peaks[index] ?? 0, peakOf(channel)))
    );
  }
  checkUnchanged(path, found);
  if (frameCount === 0) throw new Error("the file holds no audio that can be decoded");
  return {
    container,
    sampleRate,
    channelCount,
    frameCount,
    peaks,
    clip: undefined,
    ...(mp3 && { mp3 }),
    ...(storage && { storage }),
    async *blocks() {
      let left = frameCount;
      for await (const { channels } of readBlocks(path)) {
        left -= channels[0]?.length ?? 0;
        if (left < 0) break;
        yield channels;
      }
      checkUnchanged(path, found);
      if (left !== 0) throw new Error("the file gave other samples when it was read again");
    },
  };
}

function checkPeak(peak: number): number {
  if (Number.isFinite(peak)) return peak;
  throw new Error("a sample is NaN or infinite");
}
