import { MAX_FRAMES } from "./constants.ts";
import { checkView, isShared, plainView, privateView } from "./views.ts";
import { Mp3AugmentError } from "../ffi/errors.ts";

/**
 * Planar 32-bit float audio, nominally -1 to 1: mono as one `Float32Array`, or
 * one array per channel (1 or 2), all of one length. With the option
 * `channels: 2` one `Float32Array` holds the left channel and then the right.
 */
export type Audio = Float32Array | readonly Float32Array[];

/** Audio as the library takes it: one view per channel. */
export interface Planes {
  readonly channels: readonly Float32Array[];
  /** Samples per channel. */
  readonly frameCount: number;
}

/** Checks audio and gives its channels. `name` is what messages call it. */
export function toPlanes(
  audio: unknown,
  channels: number | undefined,
  name: string,
): Planes {
  const channelArrays = Array.isArray(audio)
    ? checkChannelArrays(Array.from(audio), channels, name) // read once: it may be a proxy
    : splitFlat(audio, channels ?? 1, name);
  const frameCount = channelArrays[0]?.length ?? 0;
  if (frameCount > MAX_FRAMES) {
    throw new Mp3AugmentError(
      "INVALID_AUDIO",
      `${name} has ${frameCount} samples per channel; at most ${MAX_FRAMES} are allowed: split it`,
    );
  }
  return { channels: channelArrays, frameCount };
}

function checkChannelArrays(
  audio: readonly unknown[],
  channels: number | undefined,
  name: string,
): Float32Array[] {
  checkNotNumbers(audio, name);
  if (audio.length < 1 || audio.length > 2) {
    throw new Mp3AugmentError(
      "UNSUPPORTED_CHANNELS",
      `${name} has ${audio.length} channels; 1 or 2 are allowed: pass other layouts as pairs`,
    );
  }
  if (channels !== undefined && channels !== audio.length) {
    throw new Mp3AugmentError(
      "INVALID_OPTION",
      `channels is ${channels}, but ${name} is an array of ${audio.length}: leave channels out`,
    );
  }
  const views = audio.map((view, index) => toView(view, `${name}[${index}]`));
  const [left, right] = views;
  if (left && right && left.length !== right.length) {
    throw new Mp3AugmentError(
      "INVALID_AUDIO",
      `${name} has channels of ${left.length} and ${right.length} samples; equal lengths are needed`,
    );
  }
  return views;
}

/** Throws for samples in an array that is no typed one: they aren't channels. */
export function checkNotNumbers(audio: readonly unknown[], name: string): void {
  if (typeof audio[0] !== "number") return;
  throw new Mp3AugmentError(
    "INVALID_AUDIO",
    `${name} is an array of numbers, not a Float32Array: convert it by Float32Array.from()`,
  );
}

function toView(view: unknown, name: string): Float32Array {
  checkView(view, "Float32Array", name);
  return plainView(view as Float32Array);
}

/** The channels of one array that holds them one after another. */
export function splitFlat(
  audio: unknown,
  channels: number,
  name: string,
): Float32Array[] {
  const view = toView(audio, name);
  if (channels === 1) return [view];
  const { length } = view;
  if (length % 2 !== 0) {
    throw new Mp3AugmentError(
      "INVALID_AUDIO",
      `${name} has ${length} samples, which channels: 2 can't halve: left and right are equally long`,
    );
  }
  return [plainView(view, 0, length / 2), plainView(view, length / 2, length / 2)];
}

/** Throws `EMPTY_AUDIO` for no samples. */
export function checkNotEmpty(planes: Planes, name: string): void {
  if (planes.frameCount === 0) {
    throw new Mp3AugmentError(
      "EMPTY_AUDIO",
      `${name} has no samples; at least 1 per channel is needed`,
    );
  }
}

/**
 * Checks where the output goes: the size, and that it overlaps neither itself
 * nor the input, unless it may be the input and is exactly that.
 */
export function checkOutput(
  output: Planes,
  input: Planes,
  frameCount: number,
  mayBeInput: boolean,
): void {
  if (output.channels.length !== input.channels.length) {
    throw new Mp3AugmentError(
      "INVALID_OPTION",
      `out has ${output.channels.length} channels and samples ${input.channels.length}: give both the same form`,
    );
  }
  if (output.frameCount !== frameCount) {
    throw new Mp3AugmentError(
      "INVALID_OPTION",
      `out has ${output.frameCount} samples per channel, but the result has ${frameCount}`,
    );
  }
  const [left, right] = output.channels;
  const overlapsItself = left && right && overlap(left, right);
  const overlapsInput = output.channels.some((to) =>
    input.channels.some((from) => overlap(to, from) && !(mayBeInput && isSame(to, from)))
  );
  if (overlapsItself || overlapsInput) {
    throw new Mp3AugmentError(
      "INVALID_OPTION",
      "out overlaps samples or itself: it may be exactly the input (without preserveDelay), or other memory",
    );
  }
}

/** Whether two views have memory in common. */
export function overlap(a: ArrayBufferView, b: ArrayBufferView): boolean {
  return a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength &&
    b.byteOffset < a.byteOffset + a.byteLength;
}

/** Whether two views of one memory, equally long, are the same part of it. */
export function isSame(a: ArrayBufferView, b: ArrayBufferView): boolean {
  return a.byteOffset === b.byteOffset;
}

/** The same audio in memory that no other thread may write into. */
export function privateCopy(planes: Planes): Planes {
  if (!planes.channels.some(isShared)) return planes;
  return { ...planes, channels: planes.channels.map(privateView) };
}

/** The channels' pointers as C takes them; checked audio has one or two. */
export function pointers(
  [left, right]: readonly Float32Array[],
): [Float32Array, Float32Array | null] {
  return [left as Float32Array, right ?? null];
}
