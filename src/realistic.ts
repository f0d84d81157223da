/** The preset `"realistic"`: MP3s as they are found. docs/transform.md gives the reasons. */
import type { Drawn } from "./compression-options.ts";
import type { Draws } from "./random.ts";
import type { RateControl } from "./options.ts";

/** A way in which MP3 files are made, and how many of a hundred clips it gets. */
export interface Origin {
  readonly name: string;
  /** What says how many bits are spent, with its share. */
  readonly rates: readonly (readonly [share: number, rate: RateControl])[];
  readonly quality: number;
  /** `"auto"` where the encoder may lower the sample rate. */
  readonly codedSampleRate?: "auto";
}

const cbr = (share: number, bitrateKbps: number) => [share, { bitrateKbps }] as const;
const abr = (share: number, averageBitrateKbps: number) => [share, { averageBitrateKbps }] as const;
const vbr = (share: number, vbrQuality: number) => [share, { vbrQuality }] as const;

/** The shares of all rates add up to 100. */
export const ORIGINS: readonly Origin[] = [
  {
    name: "music by LAME, CBR",
    rates: [cbr(10, 128), cbr(4, 160), cbr(9, 192), cbr(6, 256), cbr(12, 320)],
    quality: 3,
  },
  {
    name: "music by LAME, VBR",
    rates: [vbr(7, 0), vbr(9, 2), vbr(6, 4)],
    quality: 3,
    codedSampleRate: "auto",
  },
  {
    name: "music by LAME, ABR",
    rates: [abr(2, 128), abr(2, 192)],
    quality: 3,
    codedSampleRate: "auto",
  },
  { name: "video sites' sound by ffmpeg", rates: [cbr(9, 128), cbr(4, 192)], quality: 5 },
  { name: "podcasts", rates: [cbr(4, 64), cbr(4, 96), cbr(3, 128)], quality: 3 },
  {
    name: "voice, telephones, audio books",
    rates: [cbr(1, 16), cbr(2, 24), cbr(3, 32), cbr(1, 48), cbr(2, 64)],
    quality: 3,
    codedSampleRate: "auto",
  },
];

/** How many of a hundred clips went once, twice, three times through the codec. */
export const PASSES_PERCENT: readonly number[] = [75, 20, 5];

const RATES = ORIGINS.flatMap((origin) =>
  origin.rates.map(([share, rate]) => ({ share, rate, origin }))
);

/** Three draws: how it was made, where in an MP3 frame it begins, how often it was coded. */
export function drawRealistic(draws: Draws): Drawn {
  const { rate, origin } = pickByShare(draws, RATES);
  const gridShare = draws.unit();
  const { passes } = pickByShare(
    draws,
    PASSES_PERCENT.map((share, index) => ({ share, passes: index + 1 })),
  );
  return {
    rate,
    stereoMode: "joint",
    bitReservoir: true,
    quality: origin.quality,
    lowpassHz: "auto",
    codedSampleRate: origin.codedSampleRate ?? "same",
    gridShare,
    passes,
  };
}

function pickByShare<T extends { readonly share: number }>(draws: Draws, values: readonly T[]): T {
  let left = draws.unit() * values.reduce((sum, { share }) => sum + share, 0);
  return (values.find(({ share }) => (left -= share) < 0) ?? values.at(-1)) as T;
}
