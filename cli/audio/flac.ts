/** FLAC files by libFLAC, block by block. */
import { quantize, type SampleFormat } from "./wav.ts";

type Libflac = typeof import("libflacjs/dist/libflac.js");

/** A FLAC stream in the making. */
export interface FlacWriter {
  /** The bytes that a block completes. */
  write(channels: readonly Float32Array[]): Uint8Array;
  /** The last bytes. */
  finish(): Uint8Array;
  /** To be called at the end in any case. */
  free(): void;
}

/**
 * Throws where a file has fewer frames than its STREAMINFO block says (0: the writer didn't know). One
 * that has none at all is told of elsewhere.
 */
export function checkFlacIsWhole(head: Uint8Array, frameCount: number): void {
  if (frameCount === 0) return;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const expected = (view.getUint8(21) & 15) * 2 ** 32 + view.getUint32(22);
  if (frameCount >= expected) return;
  throw new Error(`the file ends after ${frameCount} of ${expected} frames`);
}

/** How many bits its samples have, by its STREAMINFO block. */
export function flacBits(head: Uint8Array): number | undefined {
  return head.length < 22
    ? undefined
    : (((head[20] as number) & 1) << 4 | (head[21] as number) >> 4) + 1;
}

let loaded: Promise<Libflac> | undefined;

async function load(): Promise<Libflac> {
  const { default: flac } = await import("libflacjs/dist/libflac.js") as unknown as {
    default: Libflac;
  };
  if (!flac.isReady()) await new Promise<void>((resolve) => flac.on("ready", () => resolve()));
  return flac;
}

function isFlacFormat(format: SampleFormat): format is "16" | "24" {
  return format === "16" || format === "24";
}

const COMPRESSION_LEVEL = 5;

/** A writer of a FLAC stream. */
export async function createFlacWriter(
  sampleRate: number,
  channelCount: number,
  format: SampleFormat,
  frameCount: number,
): Promise<FlacWriter> {
  if (!isFlacFormat(format)) throw new Error(`FLAC holds 16 or 24 bits, not ${format}`);
  if (channelCount > 8) throw new Error(`FLAC holds at most 8 channels, not ${channelCount}`);
  const bits = Number(format) as 16 | 24;
  const flac = await (loaded ??= load());
  const encoder = flac.create_libflac_encoder(
    sampleRate,
    channelCount,
    bits,
    COMPRESSION_LEVEL,
    frameCount,
    false,
    0,
  );
  let chunks: Uint8Array[] = [];
  const take = () => {
    const bytes = concat(chunks);
    chunks = [];
    return bytes;
  };
  const keep = (bytes: Uint8Array) => void chunks.push(new Uint8Array(bytes));
  if (flac.init_encoder_stream(encoder, keep, () => {}) !== 0) {
    flac.FLAC__stream_encoder_delete(encoder);
    throw new Error(`libFLAC takes no ${channelCount} channels at ${sampleRate} Hz`);
  }
  return {
    write(channels) {
      const blockFrameCount = channels[0]?.length ?? 0;
      const codes = new Int32Array(channelCount * blockFrameCount);
      channels.forEach((channel, index) => quantize(channel, bits, codes, index, channelCount));
      if (!flac.FLAC__stream_encoder_process_interleaved(encoder, codes, blockFrameCount)) {
        throw new Error("libFLAC could not encode a block");
      }
      return take();
    },
    finish() {
      flac.FLAC__stream_encoder_finish(encoder);
      return take();
    },
    free() {
      flac.FLAC__stream_encoder_delete(encoder);
    },
  };
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
