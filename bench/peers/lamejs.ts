/** LAME translated to JavaScript, and mpg123 in WebAssembly. LAME's quality can't be set. */
import { decode } from "./mpg123.ts";
import { importPeer, serve } from "./serve.ts";

interface Encoder {
  encodeBuffer(left: Int16Array, right?: Int16Array): Uint8Array;
  flush(): Uint8Array;
}

const { Mp3Encoder } = await importPeer<{
  Mp3Encoder: new (
    channels: number,
    sampleRate: number,
    kbps: number,
  ) => Encoder;
}>("@breezystack/lamejs");
const BLOCK = 1152;
const DELAY = 1105;

function toInt16(channel: Float32Array): Int16Array {
  return Int16Array.from(
    channel,
    (sample) => Math.max(-32768, Math.min(32767, 32768 * sample)),
  );
}

await serve((channels, { sampleRate, bitrateKbps }) => {
  const encoder = new Mp3Encoder(channels.length, sampleRate, bitrateKbps);
  const [left = new Int16Array(0), right] = channels.map(toInt16);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < left.length; at += BLOCK) {
    const end = at + BLOCK;
    chunks.push(
      encoder.encodeBuffer(left.subarray(at, end), right?.subarray(at, end)),
    );
  }
  chunks.push(encoder.flush());
  return decode(chunks, channels, DELAY);
});
