/**
 * AIFF and AIFF-C headers. Samples are read as those of WAV files are: the package for them
 * (`@audio/decode-aiff`) takes 8-bit samples for unsigned ones, holds whole files in memory and
 * believes any length that it is told.
 */
import { A_LAW, FLOAT, isTextAt, MU_LAW, PCM, textAt, type WavHeader } from "./wav.ts";

/** Whether a file starts like one. */
export function isAiff(bytes: Uint8Array): boolean {
  return isTextAt(bytes, 0, "FORM") && (isTextAt(bytes, 8, "AIFF") || isTextAt(bytes, 8, "AIFC"));
}

/** How samples are stored: the tag that WAV has for it, and whether the highest byte comes first. */
const COMPRESSIONS: Record<string, { formatTag: number; isBigEndian: boolean }> = {
  "NONE": { formatTag: PCM, isBigEndian: true },
  "twos": { formatTag: PCM, isBigEndian: true },
  "in24": { formatTag: PCM, isBigEndian: true },
  "in32": { formatTag: PCM, isBigEndian: true },
  "sowt": { formatTag: PCM, isBigEndian: false },
  "fl32": { formatTag: FLOAT, isBigEndian: true },
  "FL32": { formatTag: FLOAT, isBigEndian: true },
  "fl64": { formatTag: FLOAT, isBigEndian: true },
  "FL64": { formatTag: FLOAT, isBigEndian: true },
  "alaw": { formatTag: A_LAW, isBigEndian: true },
  "ALAW": { formatTag: A_LAW, isBigEndian: true },
  "ulaw": { formatTag: MU_LAW, isBigEndian: true },
  "ULAW": { formatTag: MU_LAW, isBigEndian: true },
};

/** Reads the header from a file's first bytes; undefined where it needs more of them. */
export function parseAiffHeader(bytes: Uint8Array): WavHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isCompressible = isTextAt(bytes, 8, "AIFC");
  let format: ReturnType<typeof parseFormat> | undefined;
  let samples: { dataOffset: number; byteSize: number } | undefined;
  for (let offset = 12; offset + 8 <= bytes.length && !(format && samples);) {
    const id = textAt(bytes, offset);
    const byteSize = view.getUint32(offset + 4);
    const body = offset + 8;
    if (id === "SSND") {
      if (body + 8 > bytes.length) return undefined;
      const gap = view.getUint32(body);
      samples = { dataOffset: body + 8 + gap, byteSize: Math.max(0, byteSize - 8 - gap) };
    }
    if (id === "COMM") {
      const needed = isCompressible ? 22 : 18;
      if (body + needed > bytes.length) return undefined;
      if (byteSize < needed) throw new Error("the AIFF file's COMM chunk is too short");
      format = parseFormat(view, body, isCompressible ? textAt(bytes, body + 18) : "NONE");
    }
    offset = body + byteSize + byteSize % 2;
  }
  if (format === undefined || samples === undefined) return undefined;
  const { frameCount, ...rest } = format;
  const { dataOffset, byteSize } = samples;
  // Into a pipe some write no length.
  const dataByteSize = frameCount > 0 ? frameCount * rest.frameByteSize : byteSize || Infinity;
  return { ...rest, dataOffset, dataByteSize, isSizeKnown: dataByteSize < Infinity };
}

function parseFormat(view: DataView, body: number, compression: string) {
  const stored = COMPRESSIONS[compression];
  if (stored === undefined) {
    throw new Error(`AIFF-C with the compression ${JSON.stringify(compression)} is not read`);
  }
  const channelCount = view.getUint16(body);
  const frameCount = view.getUint32(body + 2);
  const bits = view.getUint16(body + 6);
  const sampleRate = Math.round(extendedAt(view, body + 8));
  if (channelCount === 0 || !(sampleRate > 0 && sampleRate < 2 ** 32)) {
    throw new Error(`the AIFF file says ${channelCount} channels at ${sampleRate} Hz`);
  }
  // Samples of, say, 12 bits are the upper ones of 16. Some writers of A-law and µ-law say 16, some 8.
  const isLaw = stored.formatTag === A_LAW || stored.formatTag === MU_LAW;
  const isLong = compression.toLowerCase() === "fl64";
  const isFloat = stored.formatTag === FLOAT;
  const bitsPerSample = isLaw ? 8 : isFloat ? (isLong ? 64 : 32) : 8 * Math.ceil(bits / 8);
  const frameByteSize = channelCount * bitsPerSample / 8;
  return {
    ...stored,
    channelCount,
    frameCount,
    sampleRate,
    bitsPerSample,
    frameByteSize,
    isSigned8: true,
  };
}

/** A number of 80 bits: sign, 15 bits of exponent, 64 of mantissa. */
function extendedAt(view: DataView, offset: number): number {
  const high = view.getUint16(offset), exponent = high & 0x7fff;
  const mantissa = view.getUint32(offset + 2) * 2 ** 32 + view.getUint32(offset + 6);
  return (high >> 15 ? -1 : 1) * mantissa * 2 ** (exponent - 16383 - 63);
}
