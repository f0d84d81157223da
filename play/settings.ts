/** The page's sliders, and the setting that they stand for. */
import { BITRATES_KBPS, codedBitrateKbps, codedSampleRate, SAMPLE_RATES } from "../mod.ts";
import type { Setting } from "../cli/report/recipe.ts";

/** A slider of whole steps. */
export interface Slider {
  readonly id: string;
  readonly label: string;
  readonly steps: number;
  readonly start: number;
}

/** What LAME may code at: the sound's own rate, its own choice, or another. */
const CODED_RATES = [undefined, "auto", ...SAMPLE_RATES.toReversed()] as const;

/** The sliders, in their order. */
export const SLIDERS: readonly Slider[] = [
  { id: "bitrate", label: "Bitrate", steps: BITRATES_KBPS.length - 1, start: 7 },
  { id: "average", label: "Average bitrate", steps: 312, start: 88 },
  { id: "vbr", label: "VBR quality", steps: 99, start: 40 },
  { id: "quality", label: "LAME’s quality", steps: 9, start: 7 },
  { id: "rate", label: "Coded at", steps: CODED_RATES.length - 1, start: 0 },
  { id: "passes", label: "Passes", steps: 9, start: 0 },
];

/** What can be on or off. */
export const SWITCHES: Readonly<Record<string, string>> = {
  joint: "Joint stereo",
  reservoir: "Bit reservoir",
  level: "Keep the level",
};

/** Which slider belongs to which kind of bitrate. */
export const MODES: Readonly<Record<string, string>> = { cbr: "CBR", abr: "ABR", vbr: "VBR" };
const RATE_SLIDERS: Readonly<Record<string, string>> = {
  cbr: "bitrate",
  abr: "average",
  vbr: "vbr",
};

const byId = (id: string) => document.getElementById(id) as HTMLInputElement;
const valueOf = (id: string) => Number(byId(id).value);

function mode(): string {
  const modes = [...document.getElementsByName("mode")] as HTMLInputElement[];
  return modes.find(({ checked }) => checked)?.value ?? "cbr";
}

type Rates = Pick<Setting, "sampleRate" | "codedSampleRate">;

function rateControlOf(rates: Rates) {
  if (mode() === "abr") return { averageBitrateKbps: 8 + valueOf("average") };
  if (mode() === "vbr") return { vbrQuality: valueOf("vbr") / 10 };
  const bitrateKbps = BITRATES_KBPS[valueOf("bitrate")] as number;
  return { bitrateKbps: codedBitrateKbps({ ...rates, bitrateKbps }) ?? bitrateKbps };
}

/** What the sliders say for audio of this rate. */
export function readSetting(sampleRate: number): Setting {
  const coded = CODED_RATES[valueOf("rate")];
  const rates: Rates = { sampleRate, ...coded !== undefined && { codedSampleRate: coded } };
  return {
    ...rates,
    ...rateControlOf(rates),
    quality: valueOf("quality"),
    stereoMode: byId("joint").checked ? "joint" : "stereo",
    bitReservoir: byId("reservoir").checked,
    passes: 1 + valueOf("passes"),
    preserveLevel: byId("level").checked,
  };
}

function codedRateText(setting: Setting, channels: 1 | 2): string {
  const kilohertz = `${codedSampleRate({ ...setting, channels }) / 1000} kHz`;
  return setting.codedSampleRate === "auto" ? `${kilohertz}, LAME’s` : kilohertz;
}

/** Writes beside each slider what it means. */
export function showSetting(setting: Setting, channels: 1 | 2): void {
  const { bitrateKbps, averageBitrateKbps, vbrQuality, quality = 7, passes = 1 } = setting;
  const ends: Record<number, string> = { 0: ", best and slow", 9: ", fast" };
  const texts: Record<string, string> = {
    bitrate: `${bitrateKbps} kbps`,
    average: `${averageBitrateKbps} kbps`,
    vbr: `V${vbrQuality}`,
    quality: `${quality}${ends[quality] ?? ""}`,
    rate: codedRateText(setting, channels),
    passes: passes === 1 ? "once" : `${passes} times`,
  };
  for (const [id, text] of Object.entries(texts)) {
    byId(`${id}-text`).textContent = text;
    byId(id).setAttribute("aria-valuetext", text);
  }
  for (const [kind, id] of Object.entries(RATE_SLIDERS)) {
    (byId(id).closest(".slider") as HTMLElement).hidden = kind !== mode();
  }
}
