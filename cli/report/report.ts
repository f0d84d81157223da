/**
 * From a clip to the report on it: codes it at each setting, measures, and builds the page.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  type CodingOptions,
  compressRoundtripAsync,
  encodeMp3Async,
  type RateControl,
  type RoundtripExtras,
} from "../../mod.ts";
import { createFlacWriter } from "../audio/flac.ts";
import { bandwidthHz, levelDb, logSpectralDistanceDb, type Metrics, snrDb } from "./metrics.ts";
import { type Page, type PageClip, renderPage } from "./page.ts";
import { ceilingDb, type Channels, lengthOf, spectrogram } from "./spectrogram.ts";

/** Audio to report on. */
export interface Clip {
  /** One array per channel, one or two. */
  readonly channels: Channels;
  readonly sampleRate: number;
}

/** What all settings of a report share. */
export type CodingSettings = CodingOptions & Pick<RoundtripExtras, "preserveLevel">;

/** One setting to hear. */
export interface Coding {
  readonly label: string;
  readonly options: CodingSettings & RateControl;
}

/** What the page says in words. */
export type Words = Pick<Page, "title" | "facts" | "notes">;

/** A row of the table, for programs; `null` where silence makes a number meaningless. */
export type ReportRow =
  & { readonly label: string; readonly byteSize: number }
  & { readonly [name in keyof Metrics]: number | null };

/** A clip, coded or not, and the size of its file. */
interface Heard {
  readonly label: string;
  readonly channels: Channels;
  readonly byteSize: number;
}

async function code({ channels }: Clip, { label, options }: Coding): Promise<Heard> {
  const { preserveLevel: _level, ...encoding } = options;
  const [coded, mp3] = await Promise.all([
    compressRoundtripAsync(channels, options),
    encodeMp3Async(channels, encoding),
  ]);
  return { label, channels: coded, byteSize: mp3.length };
}

function measure(original: Channels, coded: Channels, sampleRate: number): Metrics {
  return {
    levelDb: levelDb(original, coded),
    snrDb: snrDb(original, coded),
    logSpectralDistanceDb: logSpectralDistanceDb(original, coded, sampleRate),
    bandwidthHz: bandwidthHz(coded, sampleRate),
  };
}

/** The highest magnitude in all of them; 1 for silence. */
function findPeak(clips: readonly Heard[]): number {
  let peak = 0;
  for (const { channels } of clips) {
    for (const channel of channels) {
      for (const sample of channel) peak = Math.max(peak, Math.abs(sample));
    }
  }
  return peak || 1;
}

async function toFlac(channels: Channels, sampleRate: number, peak: number): Promise<Uint8Array> {
  const scaled = channels.map((channel) => channel.map((sample) => sample / peak));
  const writer = await createFlacWriter(sampleRate, channels.length, "16", lengthOf(channels));
  try {
    return Buffer.concat([writer.write(scaled), writer.finish()]);
  } finally {
    writer.free();
  }
}

const WAV_HEADER_BYTES = 44;

/** Builds the page and its table's rows. */
export async function makeReport(
  clip: Clip,
  codings: readonly Coding[],
  words: Words,
): Promise<{ html: string; rows: ReportRow[] }> {
  const { channels, sampleRate } = clip;
  const length = lengthOf(channels);
  const original: Heard = {
    label: "Original",
    channels,
    byteSize: WAV_HEADER_BYTES + 2 * channels.length * length,
  };
  const heard = [original, ...await Promise.all(codings.map((coding) => code(clip, coding)))];
  const peak = findPeak(heard);
  const ceiling = ceilingDb(channels, sampleRate);
  const clips: PageClip[] = [];
  for (const { label, channels: audio, byteSize } of heard) {
    clips.push({
      label,
      byteSize,
      metrics: measure(channels, audio, sampleRate),
      spectrogram: spectrogram(audio, sampleRate, ceiling),
      flac: await toFlac(audio, sampleRate, peak),
    });
  }
  const html = renderPage({
    ...words,
    clips,
    sampleRate,
    seconds: length / sampleRate,
    gain: Math.min(1, peak), // a browser would cut what is louder
  });
  return { html, rows: clips.map(toRow) };
}

function toRow({ label, byteSize, metrics }: PageClip): ReportRow {
  const finite = (value: number) => Number.isFinite(value) ? value : null;
  return {
    label,
    byteSize,
    levelDb: finite(metrics.levelDb),
    snrDb: finite(metrics.snrDb),
    logSpectralDistanceDb: finite(metrics.logSpectralDistanceDb),
    bandwidthHz: finite(metrics.bandwidthHz),
  };
}
