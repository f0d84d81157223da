/** Audio files and pipes, as blocks of samples. */
import { Buffer } from "node:buffer";
import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import process from "node:process";
import { decodeMp3Async, Mp3DecoderStream, type Mp3Info } from "../../mod.ts";
import { reasonOf } from "../errors.ts";
import { isAiff, parseAiffHeader } from "./aiff.ts";
import { isStandardInput } from "../paths.ts";
import { checkFlacIsWhole, flacBits } from "./flac.ts";
import { pump } from "./pump.ts";
import type { Scratch } from "./scratch.ts";
import {
  checkWavIsWhole,
  isWav,
  parseWavHeader,
  pcm16Of,
  sampleReader,
  type Storage,
  storageOf,
  wholeFrames,
} from "./wav.ts";

/** Samples in memory: one array per channel. */
export interface Clip {
  readonly channels: Float32Array[];
  readonly sampleRate: number;
  /** How the file stores them; no lossy format has a number of bits per sample. */
  readonly storage?: Storage;
}

/** The extensions that a folder is searched for. */
export const AUDIO_EXTENSIONS: readonly string[] = [
  ".wav",
  ".aif",
  ".aiff",
  ".aifc",
  ".flac",
  ".ogg",
  ".oga",
  ".opus",
  ".mp3",
];

/** The formats that are told apart by their first bytes. */
export type Container = "wav" | "aiff" | "flac" | "vorbis" | "opus" | "mp3";

/** MP3 files are the module's own business, and AIFF files are read as WAV files are. */
type PackageContainer = Exclude<Container, "mp3" | "aiff">;

/** A decoder of the packages: chunks of bytes in, samples out. */
interface ChunkDecoder {
  decode(bytes: Uint8Array): DecodedChunk;
  flush?(): DecodedChunk;
  free(): void;
}

interface DecodedChunk {
  readonly channelData: Float32Array[];
  readonly sampleRate: number;
  readonly bitDepth?: number;
}

const NO_AUDIO = "the file holds no audio that can be decoded";
const NOT_AUDIO = "not a WAV, AIFF, FLAC, Ogg or MP3 file";
const UNREAD_AIFF = "an AIFF file whose samples are stored in a way that is not read";
const NO_SAMPLES = "the file ends before its samples";

/** What a file is, by its first bytes. */
export function detectContainer(head: Uint8Array): Container | undefined {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 128)).toString(
    "latin1",
  );
  if (isWav(head)) return "wav";
  if (isAiff(head)) return "aiff";
  if (text.startsWith("fLaC")) return "flac";
  if (text.startsWith("OggS")) return text.includes("OpusHead") ? "opus" : "vorbis";
  const isFrame = head[0] === 0xff && ((head[1] ?? 0) & 0xe6) === 0xe2;
  return text.startsWith("ID3") || isFrame ? "mp3" : undefined;
}

async function packageDecoder(container: PackageContainer): Promise<ChunkDecoder> {
  switch (container) {
    case "wav":
      return (await import("@audio/decode-wav")).decoder();
    case "flac":
      return await (await import("@audio/decode-flac")).decoder();
    case "vorbis":
      return await (await import("@audio/decode-vorbis")).decoder();
    case "opus":
      return await (await import("@audio/decode-opus")).decoder();
  }
}

/** All bytes of a file that is so long, in the scratch memory. */
export function readFileInto(path: string, byteSize: number, scratch: Scratch): Uint8Array {
  const bytes = scratch.file(byteSize);
  const file = openSync(path, "r");
  try {
    for (let at = 0; at < byteSize;) {
      const count = readSync(file, bytes, at, byteSize - at, at);
      if (count === 0) return bytes.subarray(0, at);
      at += count;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

/** All bytes of a file, a pipe, or standard input. */
export async function readBytes(path: string): Promise<Uint8Array> {
  if (!isStandardInput(path)) return await readFile(path);
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return new Uint8Array(Buffer.concat(chunks));
}

/** A whole file's samples; they may lie in the scratch memory. */
export async function decodeBytes(bytes: Uint8Array, scratch?: Scratch): Promise<Block> {
  const container = detectContainer(bytes);
  if (container === undefined) {
    throw new Error(NOT_AUDIO);
  }
  const decoded = await decodeContainer(container, bytes, scratch);
  if (!decoded.channels[0]?.length) throw new Error(NO_AUDIO);
  return { ...decoded, container };
}

/** 16-bit samples, channels interleaved. */
export interface Pcm16Clip {
  readonly samples: Int16Array;
  readonly channelCount: number;
  readonly sampleRate: number;
}

/** The samples of a WAV file that holds 16-bit ones; they lie in its bytes. */
export function readPcm16(bytes: Uint8Array): Pcm16Clip | undefined {
  const header = isWav(bytes) ? parseWavHeader(bytes) : undefined;
  const samples = header && pcm16Of(bytes, header);
  if (header === undefined || samples === undefined) return undefined;
  checkWavIsWhole(header, bytes.length);
  if (samples.length === 0) throw new Error(NO_AUDIO);
  const { channelCount, sampleRate } = header;
  return { samples, channelCount, sampleRate };
}

async function decodeContainer(
  container: Container,
  bytes: Uint8Array,
  scratch?: Scratch,
): Promise<Clip & Pick<Block, "mp3">> {
  if (container === "mp3") {
    const { channelData: channels, samplesDecoded: _, ...mp3 } = await decodeMp3Async(bytes);
    return { channels, sampleRate: mp3.sampleRate, mp3 };
  }
  const isPcm = container === "wav" || container === "aiff";
  const clip = isPcm ? decodePcm(container, bytes, scratch) : undefined;
  if (clip) return clip;
  if (container === "aiff") throw new Error(UNREAD_AIFF);
  const decoded = await decodeByPackage(container, bytes);
  if (container === "flac") checkFlacIsWhole(bytes, decoded.channels[0]?.length ?? 0);
  return decoded;
}

/** How a file of the packages' stores its samples. */
function storageIn(container: PackageContainer, head: Uint8Array): Pick<Clip, "storage"> {
  const header = container === "wav" ? parseWavHeader(head) : undefined;
  if (header) return { storage: storageOf(header) };
  const bitsPerSample = container === "flac" ? flacBits(head) : undefined;
  return bitsPerSample ? { storage: { bitsPerSample, sampleType: "integer" } } : {};
}

const PARSERS = { wav: parseWavHeader, aiff: parseAiffHeader } as const;

function decodePcm(
  container: keyof typeof PARSERS,
  bytes: Uint8Array,
  scratch?: Scratch,
): Clip | undefined {
  const header = PARSERS[container](bytes);
  if (header === undefined) throw new Error(NO_SAMPLES);
  checkWavIsWhole(header, bytes.length);
  const read = sampleReader(header);
  if (read === undefined) return undefined;
  const { sampleRate } = header;
  const channels = read(wholeFrames(bytes, header), scratch);
  return { channels, sampleRate, storage: storageOf(header) };
}

async function decodeByPackage(container: PackageContainer, bytes: Uint8Array): Promise<Clip> {
  const blocks: Clip[] = [];
  for await (const block of decodeBlocks(container, bytes, [])) {
    if (block.channels[0]?.length) blocks.push(block);
  }
  const channels = joinChannels(blocks.map((block) => block.channels));
  return { sampleRate: 0, ...blocks[0], channels };
}

/**
 * The package scales the codes of FLAC files by 1/(2^(bits - 1) - 1): back to the codes, and to the
 * scale of all others.
 */
function exactCodes({ channelData, bitDepth }: DecodedChunk, container: Container): Float32Array[] {
  if (container !== "flac" || !bitDepth) return channelData;
  const scale = 2 ** (bitDepth - 1);
  return channelData.map((channel) =>
    channel.map((sample) => Math.round(sample * (scale - 1)) / scale)
  );
}

/** Blocks one after another, as one array per channel. */
export function joinChannels(blocks: readonly Float32Array[][]): Float32Array[] {
  if (blocks.length === 1) return blocks[0] as Float32Array[];
  const frameCount = blocks.reduce((sum, block) => sum + (block[0]?.length ?? 0), 0);
  return (blocks[0] ?? []).map((_, channel) => {
    const joined = new Float32Array(frameCount);
    let at = 0;
    for (const block of blocks) {
      joined.set(block[channel] as Float32Array, at);
      at += block[channel]?.length ?? 0;
    }
    return joined;
  });
}

/** Samples, and what they were read from. */
export interface Block extends Clip {
  readonly container: Container;
  /** What is known of an MP3 file so far. */
  readonly mp3?: Mp3Info;
}

const READ_BYTE_SIZE = 1 << 18;
/** A WAV header with long chunks before the samples, such as pictures, is read up to here. */
const MAX_HEADER_BYTE_SIZE = 1 << 25;

/** A file's samples, block by block: memory doesn't grow with the file. */
export async function* readBlocks(path: string): AsyncIterable<Block> {
  const chunks = createReadStream(path, { highWaterMark: READ_BYTE_SIZE })[Symbol.asyncIterator]();
  try {
    const { value: head } = await chunks.next() as { value: Uint8Array | undefined };
    const container = head && detectContainer(head);
    if (head === undefined || container === undefined) throw new Error(NOT_AUDIO);
    const rest = { [Symbol.asyncIterator]: () => chunks as AsyncIterator<Uint8Array> };
    const blocks = container === "mp3"
      ? readMp3Blocks(head, rest)
      : container === "wav" || container === "aiff"
      ? readPcmBlocks(path, container, head, rest)
      : decodeBlocks(container, head, rest);
    let frameCount = 0;
    for await (const block of blocks) {
      frameCount += block.channels[0]?.length ?? 0;
      if (block.channels[0]?.length) yield { ...block, container };
    }
    if (container === "flac") checkFlacIsWhole(head, frameCount);
  } finally {
    await chunks.return?.();
  }
}

async function* readMp3Blocks(
  head: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncIterable<Clip & Pick<Block, "mp3">> {
  const stream = new Mp3DecoderStream();
  const bytes = async function* () {
    yield head;
    yield* rest;
  };
  for await (const channels of pump(bytes(), stream)) {
    const mp3 = stream.info;
    if (mp3) yield { channels, sampleRate: mp3.sampleRate, mp3 };
  }
}

async function* readPcmBlocks(
  path: string,
  container: keyof typeof PARSERS,
  head: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncIterable<Clip> {
  const parse = PARSERS[container];
  let bytes = head;
  let header = parse(bytes);
  for (const chunks = rest[Symbol.asyncIterator](); header === undefined;) {
    const { value, done } = await chunks.next();
    if (done || bytes.length > MAX_HEADER_BYTE_SIZE) throw new Error(NO_SAMPLES);
    bytes = Buffer.concat([bytes, value]);
    header = parse(bytes);
  }
  checkWavIsWhole(header, (await stat(path)).size);
  const read = sampleReader(header);
  if (read === undefined) {
    if (container === "aiff") throw new Error(UNREAD_AIFF);
    return yield* decodeBlocks("wav", bytes, rest);
  }
  const { sampleRate, frameByteSize, dataOffset } = header;
  const storage = storageOf(header);
  let left = header.dataByteSize;
  let waiting = bytes.subarray(dataOffset);
  const take = () => {
    const usable = Math.min(waiting.length, left);
    const whole = waiting.subarray(0, usable - usable % frameByteSize);
    left -= whole.length;
    waiting = waiting.subarray(whole.length);
    return { channels: read(whole), sampleRate, storage };
  };
  yield take();
  for await (const chunk of rest) {
    waiting = waiting.length > 0 ? Buffer.concat([waiting, chunk]) : chunk;
    yield take();
    if (left < frameByteSize) return;
  }
}

async function* decodeBlocks(
  container: PackageContainer,
  head: Uint8Array,
  rest: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncIterable<Clip> {
  const decoder = await packageDecoder(container);
  const storage = storageIn(container, head);
  const toClip = (chunk: DecodedChunk): Clip => ({
    channels: exactCodes(chunk, container),
    sampleRate: chunk.sampleRate,
    ...storage,
  });
  try {
    yield toClip(decoder.decode(head));
    for await (const chunk of rest) yield toClip(decoder.decode(chunk));
    const last = decoder.flush?.();
    if (last) yield toClip(last);
  } catch (error) {
    throw decoderError(container, error);
  } finally {
    decoder.free();
  }
}

function decoderError(container: Container, error: unknown): Error {
  return new Error(`the ${container} decoder says: ${reasonOf(error)}`, { cause: error });
}

/** The largest magnitude; not finite where a sample isn't. */
export function peakOf(samples: Float32Array): number {
  // Without the sign the order of floats is that of their bits, with infinity and NaN above all.
  const bits = new Int32Array(samples.buffer, samples.byteOffset, samples.length);
  let peak = 0;
  for (let i = 0; i < bits.length; i++) {
    const magnitude = (bits[i] as number) & 0x7fffffff;
    if (magnitude > peak) peak = magnitude;
  }
  return new Float32Array(Int32Array.of(peak).buffer)[0] as number;
}
