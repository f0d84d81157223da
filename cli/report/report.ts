/**
 * From a clip to the report on it: codes it at each setting, measures, and builds the page.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { compressRoundtripAsync, encodeMp3Async, probeMp3 } from "../../mod.ts";
import { createFlacWriter } from "../audio/flac.ts";
import { type Told, wavFileOf } from "./format.ts";
import { measure, type Metrics } from "./metrics.ts";
import { type Page, type PageClip, renderPage } from "./page.ts";
import { recipeOf, type Setting } from "./recipe.ts";
import { ceilingDb, type Channels, lengthOf, spectrogram } from "./spectrogram.ts";

/** Audio to report on. */
export interface Clip {
  /** One array per channel, one or two. */
  readonly channels: Channels;
  readonly sampleRate: number;
}

/** One setting to hear. */
export interface Coding {
  readonly label: string;
  readonly setting: Setting;
}

/** What the page says in words. */
export type Words = Pick<Page, "title" | "facts" | "notes" | "command"> & {
  /** The clip's file without its folder, as a command names it. */
  readonly input: string;
};

/** A row of the table, for programs; `null` where silence makes a number meaningless. */
export type ReportRow =
  & { readonly label: string; readonly byteSize: number; readonly bitrateKbps: number }
  & { readonly [name in keyof Metrics]: number | null };

/** A clip, coded or not, and what is known of its file. */
interface Heard extends Omit<Told, "metrics"> {
  readonly label: string;
  readonly channels: Channels;
  readonly setting?: Setting;
}

async function code({ channels }: Clip, { label, setting }: Coding): Promise<Heard> {
  const { preserveLevel: _level, ...encoding } = setting;
  const [coded, mp3] = await Promise.all([
    compressRoundtripAsync(channels, setting),
    encodeMp3Async(channels, encoding),
  ]);
  const { bitrateKbps } = probeMp3(mp3);
  return { label, channels: coded, setting, byteSize: mp3.length, bitrateKbps };
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
    ...wavFileOf(channels, sampleRate),
  };
  const heard = [original, ...await Promise.all(codings.map((coding) => code(clip, coding)))];
  const peak = findPeak(heard);
  const ceiling = ceilingDb(channels, sampleRate);
  const clips: PageClip[] = [];
  for (const { label, channels: audio, setting, byteSize, bitrateKbps } of heard) {
    clips.push({
      label,
      byteSize,
      bitrateKbps,
      metrics: measure(channels, audio, sampleRate),
      spectrogram: spectrogram(audio, sampleRate, ceiling),
      flac: await toFlac(audio, sampleRate, peak),
      recipe: setting && recipeOf(setting, words.input, outputName(words.input, label)),
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

/** `song.flac` becomes `song-64-kbps`. */
function outputName(input: string, label: string): string {
  const name = input === "-" ? "output" : input.replace(/\.\w+$/, "");
  return `${name}-${label.toLowerCase().replaceAll(" ", "-")}`;
}

function toRow({ label, byteSize, bitrateKbps, metrics }: PageClip): ReportRow {
  const finite = (value: number) => Number.isFinite(value) ? value : null;
  return {
    label,
    byteSize,
    bitrateKbps,
    levelDb: finite(metrics.levelDb),
    snrDb: finite(metrics.snrDb),
    logSpectralDistanceDb: finite(metrics.logSpectralDistanceDb),
    bandwidthHz: finite(metrics.bandwidthHz),
  };
}
