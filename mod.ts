/**
 * Audio through a real MP3 encoder and decoder, in memory, aligned to the
 * sample: data augmentation for people who train audio models.
 *
 * ```ts
 * import { compressRoundtrip } from "@mp3-augment/mp3-augment";
 *
 * const samples = new Float32Array(48000); // one second of mono
 * const degraded = compressRoundtrip(samples, { sampleRate: 48000, bitrateKbps: 32 });
 * console.log(degraded.length); // 48000
 * ```
 *
 * @module
 */
export {
  codedBitrateKbps,
  type CodedRate,
  codedSampleRate,
  maxGridOffset,
  nearestBitrateKbps,
} from "./src/bitrates.ts";
export { BITRATES_KBPS, DELAY_SAMPLES, nearestSampleRate, SAMPLE_RATES } from "./src/constants.ts";
export { type ErrorCode, Mp3AugmentError } from "./ffi/errors.ts";
export type { Audio } from "./src/audio.ts";
export type {
  Abortable,
  AsyncRoundtripOptions,
  AverageBitrate,
  CodingOptions,
  ConstantBitrate,
  DrawnOptions,
  RateControl,
  RoundtripExtras,
  RoundtripOptions,
  RoundtripOutput,
  RoundtripThreads,
  VariableBitrate,
} from "./src/options.ts";
export { compressRoundtrip, compressRoundtripAsync } from "./src/roundtrip.ts";
export {
  type AsyncPcm16Options,
  compressPcm16,
  compressPcm16Async,
  type Pcm16Options,
  type Pcm16Output,
  peakOfPcm16,
} from "./src/pcm16.ts";
export { type BatchJob, compressRoundtripBatch } from "./src/batch.ts";
export type { BatchOptions } from "./src/batch-run.ts";
export {
  type AsyncEncodeOptions,
  encodeMp3,
  encodeMp3Async,
  type EncodeOptions,
  type FileOptions,
  writesTag,
} from "./src/encode.ts";
export { type EncoderStreamOptions, Mp3EncoderStream } from "./src/encoder-stream.ts";
export {
  type AsyncDecodeOptions,
  type DecodedMp3,
  decodeMp3,
  decodeMp3Async,
  type DecodeOptions,
  probeMp3,
} from "./src/decode.ts";
export type { Mp3Info } from "./src/mp3-info.ts";
export {
  type DecoderStreamOptions,
  type Mp3Chunk,
  Mp3DecoderStream,
} from "./src/decoder-stream.ts";
export {
  Mp3RoundtripStream,
  type RoundtripStreamOptions,
  type StreamPeak,
} from "./src/roundtrip-stream.ts";
export { type EmbeddedLibrary, loadLibrary, type LoadLibraryOptions } from "./src/native.ts";
