/**
 * MP3 compression as a random transform of a training pipeline, as users of
 * `audiomentations` know it.
 *
 * ```ts
 * import { Mp3Compression } from "@mp3-augment/mp3-augment/transform";
 *
 * const transform = new Mp3Compression({ minBitrateKbps: 16, maxBitrateKbps: 64, p: 0.5, seed: 1 });
 * const augmented = transform.apply(new Float32Array(16000), 16000);
 * console.log(augmented.length, transform.parameters?.shouldApply);
 * ```
 *
 * An entry point of its own: it needs a random number generator and a
 * resampler from npm, and who imports only the main module needs neither.
 *
 * @module
 */
export {
  type ApplyOptions,
  Mp3Compression,
  type Mp3CompressionState,
  type TransformClip,
} from "./src/transform.ts";
export type {
  BitrateMode,
  IntegerRange,
  Mp3CompressionOptions,
  Mp3CompressionParameters,
} from "./src/compression-options.ts";
export {
  type AnyAudioExtras,
  type AnyAudioOptions,
  compressAnyAudio,
  compressAnyAudioAsync,
  groupChannels,
} from "./src/convert.ts";
export {
  anyOutputFrameCount,
  type AnyStreamExtras,
  type AnyStreamOptions,
  compressAnyBlocks,
} from "./src/convert-stream.ts";
export { resample, resampleBlocks } from "./src/resample.ts";
export type { BatchOptions } from "./src/batch-run.ts";
export type { Audio } from "./src/audio.ts";
export type {
  Abortable,
  AverageBitrate,
  CodingOptions,
  ConstantBitrate,
  DrawnOptions,
  RateControl,
  RoundtripExtras,
  RoundtripThreads,
  VariableBitrate,
} from "./src/options.ts";
