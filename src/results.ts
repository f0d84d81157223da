/** Where results go: memory of the library's, where a runtime does well to use it. */
import { type Audio, type Planes, splitFlat } from "./audio.ts";
import { library } from "./native.ts";

/** A new array for a result, which is to be written before anybody sees it. */
export function newSamples(count: number): Float32Array<ArrayBuffer> {
  const { native, runtime } = library();
  const memory = runtime.allocate?.(native, count * Float32Array.BYTES_PER_ELEMENT);
  return memory === undefined ? new Float32Array(count) : new Float32Array(memory);
}

/** The same for 16-bit samples. */
export function newCodes(count: number): Int16Array<ArrayBuffer> {
  const { native, runtime } = library();
  const memory = runtime.allocate?.(native, count * Int16Array.BYTES_PER_ELEMENT);
  return memory === undefined ? new Int16Array(count) : new Int16Array(memory);
}

/** New audio in the form of `like`, and its channels. */
export function allocateLike(
  like: Audio,
  channels: number,
  frameCount: number,
): {
  audio: Audio;
  planes: Planes;
} {
  if (Array.isArray(like)) {
    const arrays = Array.from(
      { length: channels },
      () => newSamples(frameCount),
    );
    return { audio: arrays, planes: { channels: arrays, frameCount } };
  }
  const audio = newSamples(channels * frameCount);
  return {
    audio,
    planes: { channels: splitFlat(audio, channels, "out"), frameCount },
  };
}
