/** How numbers are written in the pages. */
import { wavHeader } from "../audio/wav.ts";
import type { Metrics } from "./metrics.ts";
import { type Channels, lengthOf } from "./spectrogram.ts";

/** What is told of a clip: what was measured, and of its file. */
export interface Told {
  readonly metrics: Metrics;
  /** Of the MP3; of a 16-bit WAV for the original. */
  readonly byteSize: number;
  /** The mean over the file's frames. */
  readonly bitrateKbps: number;
}

/** What is told of the file of a clip that isn't coded: WAV, 16 bits. */
export function wavFileOf(channels: Channels, sampleRate: number): Omit<Told, "metrics"> {
  const header = wavHeader(sampleRate, channels.length, "16", lengthOf(channels));
  return {
    byteSize: header.length + 2 * channels.length * lengthOf(channels),
    bitrateKbps: 16 * channels.length * sampleRate / 1000,
  };
}

/** A number with so many decimals, or a dash where there is none. */
function format(value: number, decimals: number): string {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const text = value.toFixed(decimals);
  return text.replace("-", Number(text) === 0 ? "" : "−");
}

function formatSize(byteSize: number): string {
  return format(byteSize / 1000, byteSize < 100_000 ? 1 : 0);
}

/** The heads of a table's columns, and their units. */
export const COLUMNS = [
  ["Bit&shy;rate", "kbps"],
  ["SNR", "dB"],
  ["Log-spec&shy;tral distance", "dB"],
  ["Band&shy;width", "kHz"],
  ["Level", "dB"],
  ["Size", "kB"],
] as const;

/** What stands in a row of the table: nothing where a clip would be compared with itself. */
export function cellsOf({ metrics, byteSize, bitrateKbps }: Told, isOriginal: boolean): string[] {
  return [
    format(bitrateKbps, 1),
    isOriginal ? "" : format(metrics.snrDb, 1),
    isOriginal ? "" : format(metrics.logSpectralDistanceDb, 1),
    format(metrics.bandwidthHz / 1000, 1),
    isOriginal ? "" : format(metrics.levelDb, 2),
    formatSize(byteSize),
  ];
}
