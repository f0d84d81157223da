/**
 * WAV files, block by block. The package for ADPCM (`@audio/decode-wav`) scales positive samples of
 * others by 1/32767; here a code is code / 2^(bits - 1), as in libsndfile and ffmpeg, so that a sample
 * that isn't touched comes out as the code it was. RF64 serves files beyond 4 GiB.
 */
import { Scratch } from "./scratch.ts";

/** How samples are stored. */
export type SampleFormat = "16" | "24" | "float";

/** What the header of a WAV or AIFF file says. */
export interface WavHeader {
  readonly formatTag: number;
  readonly channelCount: number;
  readonly sampleRate: number;
  readonly bitsPerSample: number;
  readonly frameByteSize: number;
  /** Where the samples start. */
  readonly dataOffset: number;
  /** Infinity where the writer didn't know it. */
  readonly dataByteSize: number;
  /** Whether the writer knew it: into a pipe some write about 2 GiB, others 4. */
  readonly isSizeKnown: boolean;
  /** Whether a sample's highest byte comes first; WAV has it last. */
  readonly isBigEndian?: boolean;
  /** Whether samples of 8 bits have a sign; in WAV they have none. */
  readonly isSigned8?: boolean;
}

export const PCM = 1;
export const FLOAT = 3;
export const A_LAW = 6;
export const MU_LAW = 7;
const EXTENSIBLE = 0xfffe;

/** How a file stores its samples. */
export interface Storage {
  readonly bitsPerSample: number;
  readonly sampleType: "integer" | "float" | "A-law" | "µ-law" | "ADPCM";
}

const SAMPLE_TYPES: Record<number, Storage["sampleType"]> = {
  [PCM]: "integer",
  [FLOAT]: "float",
  [A_LAW]: "A-law",
  [MU_LAW]: "µ-law",
};

/** How the samples behind a header are stored. */
export function storageOf({ bitsPerSample, formatTag }: WavHeader): Storage {
  return { bitsPerSample, sampleType: SAMPLE_TYPES[formatTag] ?? "ADPCM" };
}

const UNKNOWN_SIZE = 0xffffffff;
const DOUBTFUL_SIZE = 0x7fff0000;

/** The four characters of a chunk's name. */
export function textAt(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}

/** Whether four characters are these. */
export function isTextAt(bytes: Uint8Array, offset: number, text: string): boolean {
  return textAt(bytes, offset) === text;
}

/** Whether a file starts like one. */
export function isWav(bytes: Uint8Array): boolean {
  return ["RIFF", "RF64", "BW64"].includes(textAt(bytes, 0)) && textAt(bytes, 8) === "WAVE";
}

/** Reads the header from a file's first bytes; undefined where it needs more of them. */
export function parseWavHeader(bytes: Uint8Array): WavHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: ReturnType<typeof parseFormat> | undefined;
  let longDataByteSize = Infinity;
  for (let offset = 12; offset + 8 <= bytes.length;) {
    const id = textAt(bytes, offset);
    const byteSize = view.getUint32(offset + 4, true);
    const body = offset + 8;
    if (id === "data") {
      if (format === undefined) throw new Error("the WAV file has samples before their format");
      const isUnknown = byteSize === UNKNOWN_SIZE || byteSize === 0;
      const dataByteSize = isUnknown ? longDataByteSize : byteSize;
      const isSizeKnown = isUnknown ? dataByteSize < Infinity : byteSize < DOUBTFUL_SIZE;
      return { ...format, dataOffset: body, dataByteSize, isSizeKnown };
    }
    if (body + Math.min(byteSize, 40) > bytes.length) return undefined;
    if (id === "ds64") longDataByteSize = Number(view.getBigUint64(body + 8, true));
    if (id === "fmt ") format = checkFormat(parseFormat(view, body, byteSize));
    offset = body + byteSize + byteSize % 2;
  }
  return undefined;
}

function parseFormat(view: DataView, body: number, byteSize: number) {
  const tag = view.getUint16(body, true);
  return {
    formatTag: tag === EXTENSIBLE && byteSize >= 26 ? view.getUint16(body + 24, true) : tag,
    channelCount: view.getUint16(body + 2, true),
    sampleRate: view.getUint32(body + 4, true),
    frameByteSize: view.getUint16(body + 12, true),
    bitsPerSample: view.getUint16(body + 14, true),
  };
}

function checkFormat(format: ReturnType<typeof parseFormat>) {
  const { channelCount, sampleRate, frameByteSize } = format;
  // Else a small file could become thousands of channels of as many samples as it has bytes.
  const hasRoom = frameByteSize >= channelCount;
  if (channelCount > 0 && sampleRate > 0 && hasRoom) return format;
  throw new Error(
    `the WAV file says ${channelCount} channels at ${sampleRate} Hz` +
      (hasRoom ? "" : `, in frames of ${frameByteSize} bytes`),
  );
}

/** Turns whole frames of bytes into one array per channel. */
export type SampleReader = (bytes: Uint8Array, scratch?: Scratch) => Float32Array[];

/** How to read a file's samples; undefined for formats that are left to the package. */
export function sampleReader(header: WavHeader): SampleReader | undefined {
  const { formatTag, bitsPerSample, channelCount, frameByteSize, isBigEndian } = header;
  if (frameByteSize !== channelCount * bitsPerSample / 8) return undefined;
  const key = `${formatTag}/${bitsPerSample}`;
  const kind = KINDS[key === "1/8" && header.isSigned8 ? "signed 8" : key];
  if (kind === undefined) return undefined;
  const { toCodes, scale } = kind;
  return (bytes, scratch = new Scratch()) => {
    const ordered = isBigEndian ? reversed(bytes, bitsPerSample / 8) : bytes;
    return deinterleave(toCodes(ordered), channelCount, scale, scratch);
  };
}

type Codes = Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** How bytes become codes, and what a code of 1 is as a sample. */
interface SampleKind {
  readonly toCodes: (bytes: Uint8Array) => Codes;
  readonly scale: number;
}

const KINDS: Record<string, SampleKind> = {
  "signed 8": {
    toCodes: ({ buffer, byteOffset, length }) => new Int8Array(buffer, byteOffset, length),
    scale: 2 ** -7,
  },
  [`${PCM}/8`]: {
    toCodes: (bytes) => Int16Array.from(bytes, (byte) => byte - 128),
    scale: 2 ** -7,
  },
  [`${PCM}/16`]: { toCodes: (bytes) => new Int16Array(...aligned(bytes, 2)), scale: 2 ** -15 },
  [`${PCM}/24`]: { toCodes: widen24, scale: 2 ** -31 },
  [`${PCM}/32`]: { toCodes: (bytes) => new Int32Array(...aligned(bytes, 4)), scale: 2 ** -31 },
  [`${FLOAT}/32`]: { toCodes: (bytes) => new Float32Array(...aligned(bytes, 4)), scale: 1 },
  [`${FLOAT}/64`]: { toCodes: (bytes) => new Float64Array(...aligned(bytes, 8)), scale: 1 },
  [`${A_LAW}/8`]: { toCodes: (bytes) => Int16Array.from(bytes, fromALaw), scale: 2 ** -15 },
  [`${MU_LAW}/8`]: { toCodes: (bytes) => Int16Array.from(bytes, fromMuLaw), scale: 2 ** -15 },
};

/** ITU-T G.711: a sign, three bits of exponent, four of mantissa. */
function fromALaw(code: number): number {
  const bits = code ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = ((bits & 15) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}

function fromMuLaw(code: number): number {
  const bits = ~code;
  const magnitude = ((((bits & 15) << 3) + 132) << ((bits >> 4) & 7)) - 132;
  return bits & 0x80 ? -magnitude : magnitude;
}

/** A copy with each sample's bytes in the other order. */
function reversed(bytes: Uint8Array, sampleByteSize: number): Uint8Array {
  const copy = new Uint8Array(bytes.length - bytes.length % sampleByteSize);
  for (let at = 0; at < copy.length; at += sampleByteSize) {
    for (let i = 0; i < sampleByteSize; i++) {
      copy[at + i] = bytes[at + sampleByteSize - 1 - i] as number;
    }
  }
  return copy;
}

/** The bytes as what a typed array is made of; a copy where they don't lie at a multiple of its size. */
function aligned(bytes: Uint8Array, sampleByteSize: number): [ArrayBuffer, number, number] {
  const { buffer, byteOffset } = byteOffsetIsMultiple(bytes, sampleByteSize)
    ? bytes
    : new Uint8Array(bytes); // not slice(), which copies nothing of a Buffer
  return [buffer as ArrayBuffer, byteOffset, Math.floor(bytes.length / sampleByteSize)];
}

function byteOffsetIsMultiple({ byteOffset }: Uint8Array, sampleByteSize: number): boolean {
  return byteOffset % sampleByteSize === 0;
}

/** The samples of a whole file as they are, if they are 16-bit ones. */
export function pcm16Of(bytes: Uint8Array, header: WavHeader): Int16Array | undefined {
  const { formatTag, bitsPerSample, channelCount, frameByteSize, isBigEndian } = header;
  if (formatTag !== PCM || bitsPerSample !== 16 || isBigEndian) return undefined;
  if (frameByteSize !== 2 * channelCount) return undefined;
  return new Int16Array(...aligned(wholeFrames(bytes, header), 2));
}

/** Throws where a file of so many bytes holds fewer samples than it says. */
export function checkWavIsWhole(header: WavHeader, fileByteSize: number): void {
  const { dataOffset, dataByteSize, frameByteSize, isSizeKnown } = header;
  const found = fileByteSize - dataOffset;
  if (!isSizeKnown || found > dataByteSize - Math.max(frameByteSize, 1)) return;
  throw new Error(`the file ends after ${found} of ${dataByteSize} bytes of samples`);
}

/** The bytes of a whole file's samples. */
export function wholeFrames(bytes: Uint8Array, header: WavHeader): Uint8Array {
  const { dataOffset, dataByteSize, frameByteSize } = header;
  const byteSize = Math.min(dataByteSize, bytes.length - dataOffset);
  return bytes.subarray(dataOffset, dataOffset + byteSize - byteSize % frameByteSize);
}

/** 16-bit samples as one array per channel. */
export function planesOfPcm16(
  codes: Int16Array,
  channelCount: number,
  scratch: Scratch,
): Float32Array[] {
  return deinterleave(codes, channelCount, 2 ** -15, scratch);
}

/** The same as the only block, made when it is asked for. */
export async function* blockOfPcm16(
  ...clip: Parameters<typeof planesOfPcm16>
): AsyncIterable<Float32Array[]> {
  yield planesOfPcm16(...clip);
}

function widen24(bytes: Uint8Array): Int32Array {
  const codes = new Int32Array(bytes.length / 3);
  for (let i = 0, at = 0; i < codes.length; i++, at += 3) {
    codes[i] = ((bytes[at] as number) << 8) | ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 24);
  }
  return codes;
}

function deinterleave(
  codes: Codes,
  channelCount: number,
  scale: number,
  scratch: Scratch,
): Float32Array[] {
  const planes = scratch.planes(channelCount, Math.floor(codes.length / channelCount));
  planes.forEach((plane, channel) => {
    for (let i = 0, at = channel; i < plane.length; i++, at += channelCount) {
      plane[i] = (codes[at] as number) * scale;
    }
  });
  return planes;
}

const BITS: Record<SampleFormat, number> = { 16: 16, 24: 24, float: 32 };

/** The header of a file that will hold so many frames. */
export function wavHeader(
  sampleRate: number,
  channelCount: number,
  format: SampleFormat,
  frameCount: number,
): Uint8Array {
  const frameByteSize = channelCount * BITS[format] / 8;
  const dataByteSize = frameCount * frameByteSize;
  const isLong = dataByteSize > UNKNOWN_SIZE - 128;
  const formatOffset = isLong ? 48 : 12;
  const byteSize = formatOffset + 32;
  const riffByteSize = byteSize - 8 + dataByteSize + dataByteSize % 2;
  const view = new DataView(new ArrayBuffer(byteSize));
  putText(view, 0, isLong ? "RF64" : "RIFF");
  view.setUint32(4, isLong ? UNKNOWN_SIZE : riffByteSize, true);
  putText(view, 8, "WAVE");
  if (isLong) {
    putText(view, 12, "ds64");
    view.setUint32(16, 28, true);
    view.setBigUint64(20, BigInt(riffByteSize), true);
    view.setBigUint64(28, BigInt(dataByteSize), true);
    view.setBigUint64(36, BigInt(frameCount), true);
  }
  putText(view, formatOffset, "fmt ");
  view.setUint32(formatOffset + 4, 16, true);
  view.setUint16(formatOffset + 8, format === "float" ? FLOAT : PCM, true);
  view.setUint16(formatOffset + 10, channelCount, true);
  view.setUint32(formatOffset + 12, sampleRate, true);
  view.setUint32(formatOffset + 16, sampleRate * frameByteSize, true);
  view.setUint16(formatOffset + 20, frameByteSize, true);
  view.setUint16(formatOffset + 22, BITS[format], true);
  putText(view, formatOffset + 24, "data");
  view.setUint32(formatOffset + 28, isLong ? UNKNOWN_SIZE : dataByteSize, true);
  return new Uint8Array(view.buffer);
}

function putText(view: DataView, offset: number, text: string): void {
  for (let i = 0; i < text.length; i++) view.setUint8(offset + i, text.charCodeAt(i));
}

/** Samples as 16-bit codes: the same as `mp3a_to_int16` in C, in single precision too. */
function quantize16(samples: Float32Array, into: Int16Array, at: number, step: number): void {
  for (let i = 0; i < samples.length; i++, at += step) {
    const scaled = (samples[i] as number) * 32768;
    const limited = scaled > 32767 ? 32767 : scaled < -32768 ? -32768 : scaled;
    into[at] = Math.fround(limited < 0 ? limited - 0.5 : limited + 0.5) | 0;
  }
}

/** Samples as integers of so many bits, rounded to the nearest and limited to what there is. */
export function quantize(
  samples: Float32Array,
  bits: 16 | 24,
  into: Int32Array,
  at: number,
  step: number,
): void {
  const half = 2 ** (bits - 1);
  const top = 2 * half - 1;
  // Shifted by the lowest code all are positive, and cutting off decimals rounds.
  for (let i = 0; i < samples.length; i++, at += step) {
    const code = (samples[i] as number) * half + (half + 0.5);
    into[at] = (code < 0 ? 0 : code > top ? top : code | 0) - half;
  }
}

/** The bytes of a block of samples. */
export function wavBytes(
  channels: readonly Float32Array[],
  format: SampleFormat,
  scratch: Scratch = new Scratch(),
): Uint8Array {
  const channelCount = channels.length;
  const sampleCount = channelCount * (channels[0]?.length ?? 0);
  if (format === "float") {
    return interleave(channels, new Float32Array(scratch.codes(4 * sampleCount), 0, sampleCount));
  }
  if (format === "24") {
    const codes = new Int32Array(sampleCount);
    channels.forEach((channel, index) => quantize(channel, 24, codes, index, channelCount));
    return narrow24(codes);
  }
  const codes = new Int16Array(scratch.codes(2 * sampleCount), 0, sampleCount);
  channels.forEach((channel, index) => quantize16(channel, codes, index, channelCount));
  return new Uint8Array(codes.buffer, 0, codes.byteLength);
}

function interleave(channels: readonly Float32Array[], into: Float32Array): Uint8Array {
  channels.forEach((channel, index) => {
    for (let i = 0, at = index; i < channel.length; i++, at += channels.length) {
      into[at] = channel[i] as number;
    }
  });
  return new Uint8Array(into.buffer, 0, into.byteLength);
}

function narrow24(codes: Int32Array): Uint8Array {
  const bytes = new Uint8Array(3 * codes.length);
  for (let i = 0, at = 0; i < codes.length; i++, at += 3) {
    const code = codes[i] as number;
    bytes[at] = code;
    bytes[at + 1] = code >> 8;
    bytes[at + 2] = code >> 16;
  }
  return bytes;
}
