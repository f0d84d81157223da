import { BUFFER_LENGTHS, INFO_ENCODER_BYTES, INFO_FIELDS } from "../ffi/symbols.ts";

/** What an MP3 file is, as far as that is known without decoding it. */
export interface Mp3Info {
  /** How long the decoded audio is, in seconds. */
  readonly durationS: number;
  /** How long it is in samples per channel: what `decodeMp3` returns. */
  readonly sampleCount: number;
  /** In Hz. */
  readonly sampleRate: number;
  /** 1 or 2: those of the first MP3 frame. */
  readonly channels: 1 | 2;
  /** MPEG-1 has the rates from 32 kHz on, MPEG-2 those from 16 kHz on, 2.5 the rest. */
  readonly mpegVersion: 1 | 2 | 2.5;
  /** How the channels are coded; `"dual"` are two separate programmes. */
  readonly stereoMode: "stereo" | "joint" | "dual" | "mono";
  /** The mean bitrate of the MP3 frames with audio, in kbps. */
  readonly bitrateKbps: number;
  /** As the LAME tag says, else whether all MP3 frames have one bitrate. */
  readonly bitrateMode: "cbr" | "abr" | "vbr";
  /** How many MP3 frames with audio there are. */
  readonly mp3FrameCount: number;
  /**
   * The kind of tag at the front. `"info"` is Xing's for constant bitrate. Without one the encoder's
   * delay and padding are unknown, so the audio decodes to more samples than were encoded.
   */
  readonly tag: "xing" | "info" | "vbri" | undefined;
  /** The encoder as the tag names it, for example `"LAME3.100"`. */
  readonly encoder: string | undefined;
  /** Samples per channel that the encoder has put before the audio, by the tag. */
  readonly encoderDelay: number | undefined;
  /** Samples per channel that the encoder has put behind the audio, by the tag. */
  readonly encoderPadding: number | undefined;
}

const BITRATE_MODES = ["cbr", "abr", "vbr"] as const;
const STEREO_MODES = ["stereo", "joint", "dual", "mono"] as const;
const TAGS = [undefined, "xing", "info", "vbri"] as const;

/** An empty `mp3a_mp3_info`. */
export function newInfo(): Int32Array {
  return new Int32Array(BUFFER_LENGTHS.info);
}

/** What C has found out. */
export function readInfo(info: Int32Array): Mp3Info {
  const field = (name: (typeof INFO_FIELDS)[number]) => info[INFO_FIELDS.indexOf(name)] ?? 0;
  const known = (value: number) => value < 0 ? undefined : value;
  const unsigned = (value: number) => value >>> 0;
  const sampleRate = field("sample_rate_hz");
  const sampleCount = unsigned(field("frame_count_low")) +
    2 ** 32 * unsigned(field("frame_count_high"));
  const text = new Uint8Array(info.buffer, 4 * INFO_FIELDS.length, INFO_ENCODER_BYTES);
  const encoder = String.fromCharCode(...text).replace(/\0.*$/s, "");
  return {
    durationS: sampleCount / sampleRate,
    sampleCount,
    sampleRate,
    channels: field("channel_count") === 1 ? 1 : 2,
    mpegVersion: field("version_times_ten") / 10 as Mp3Info["mpegVersion"],
    stereoMode: STEREO_MODES[field("channel_mode")] ?? "stereo",
    bitrateKbps: new Float32Array(Int32Array.of(field("bitrate_kbps")).buffer)[0] ?? 0,
    bitrateMode: BITRATE_MODES[field("bitrate_mode")] ?? "vbr",
    mp3FrameCount: unsigned(field("mp3_frame_count")),
    tag: TAGS[field("tag_kind")],
    encoder: encoder || undefined,
    encoderDelay: known(field("encoder_delay")),
    encoderPadding: known(field("encoder_padding")),
  };
}
