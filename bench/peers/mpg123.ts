/** The decoder of the peers that have only an encoder: mpg123 in WebAssembly. */
import { importPeer } from "./serve.ts";

interface Decoder {
  ready: Promise<void>;
  reset(): Promise<void>;
  decode(bytes: Uint8Array): { channelData: Float32Array[] };
}

const { MPEGDecoder } = await importPeer<{ MPEGDecoder: new () => Decoder }>(
  "mpg123-decoder",
);
const decoder = new MPEGDecoder();
await decoder.ready;

/** Decodes, drops what comes too early, and gives each channel the wanted length. */
export async function decode(
  chunks: readonly Uint8Array[],
  channels: readonly Float32Array[],
  delay: number,
): Promise<Float32Array[]> {
  const bytes = new Uint8Array(
    chunks.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  const { channelData } = decoder.decode(bytes);
  await decoder.reset();
  return channels.map(({ length }, index) => {
    const output = new Float32Array(length);
    output.set(channelData[index]?.subarray(delay, delay + length) ?? []);
    return output;
  });
}
