/** LAME in WebAssembly, and mpg123 in WebAssembly. LAME's quality can't be set. */
import { decode } from "./mpg123.ts";
import { importPeer, serve } from "./serve.ts";

interface Encoder {
  configure(
    options: { sampleRate: number; channels: number; bitrate: number },
  ): void;
  encode(channels: readonly Float32Array[]): Uint8Array;
  finalize(): Uint8Array;
}

const { createMp3Encoder } = await importPeer<
  { createMp3Encoder(): Promise<Encoder> }
>(
  "wasm-media-encoders",
);
const encoder = await createMp3Encoder();
const BLOCK = 65536;
/** The codec's 1105; the decoder takes off as much where it finds LAME's tag, which isn't here. */
const DELAY = 1105;

await serve((channels, { sampleRate, bitrateKbps }) => {
  encoder.configure({
    sampleRate,
    channels: channels.length,
    bitrate: bitrateKbps,
  });
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < (channels[0]?.length ?? 0); at += BLOCK) {
    chunks.push(
      encoder.encode(
        channels.map((channel) => channel.subarray(at, at + BLOCK)),
      ).slice(),
    );
  }
  chunks.push(encoder.finalize().slice());
  return decode(chunks, channels, DELAY);
});
