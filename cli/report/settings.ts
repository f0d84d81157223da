/** `--setting "vbr 4 joint"`: a setting in words, which are the command's options. */
import { Command, CommanderError } from "commander";
import { codedBitrateKbps } from "../../mod.ts";
import { reasonOf, usageError } from "../errors.ts";
import { addCodingOptions, codingOf, type EncoderArguments, encoderOf } from "../options.ts";
import type { Setting } from "./recipe.ts";

/** What all settings share, unless one says something else. */
export type Shared = EncoderArguments & { readonly preserveLevel: boolean };

/** Shorter names of options, and those that take back what is shared. */
const WORDS: Record<string, string> = {
  cbr: "--bitrate",
  abr: "--average-bitrate",
  vbr: "--vbr-quality",
  joint: "--joint-stereo",
  stereo: "--no-joint-stereo",
};

/** Reads a setting. What it doesn't say is as in `shared`. */
export function parseSetting(text: string, shared: Shared, sampleRate: number): Setting {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} })
    .allowExcessArguments();
  addCodingOptions(command);
  for (const flag of ["--preserve-level", "--no-preserve-level"]) command.option(flag);
  for (const flag of ["--no-joint-stereo", "--no-reservoir"]) command.option(flag);
  const names = new Map([
    ...command.options.map(({ long }) => [long?.replace(/^--/, "") ?? "", long ?? ""] as const),
    ...Object.entries(WORDS),
  ]);
  const words = (text.match(/\S+/g) ?? []).map((word) => names.get(word) ?? word);
  if (/^\d/.test(words[0] ?? "")) words.unshift("--bitrate");
  try {
    command.parse(words, { from: "user" });
    const [unknown] = command.args;
    if (unknown !== undefined) {
      throw usageError(`${unknown} is none of ${[...names.keys()].join(", ")}`);
    }
    const said = Object.entries(command.opts())
      .filter(([name]) => command.getOptionValueSource(name) === "cli");
    const given = { ...shared, ...Object.fromEntries(said) };
    return toLegal({ sampleRate, ...codingOf(given), preserveLevel: given.preserveLevel });
  } catch (error) {
    const reason = reasonOf(error);
    const said = error instanceof CommanderError ? reason.replace("error: ", "") : reason;
    throw usageError(`--setting "${text}": ${said}`);
  }
}

/** With the bitrate that MPEG has at the coded sample rate. */
export function toLegal(setting: Setting): Setting {
  if (setting.bitrateKbps === undefined) return setting;
  return { ...setting, bitrateKbps: codedBitrateKbps(setting) ?? setting.bitrateKbps };
}

/** What the setting is called, briefly: its bitrate, and where it isn't as the shared ones. */
export function labelOf(setting: Setting, shared: Shared): string {
  const usual = { ...encoderOf(shared), preserveLevel: shared.preserveLevel };
  const { quality, stereoMode, bitReservoir, lowpassHz, preserveLevel } = setting;
  const { codedSampleRate, gridOffset, passes } = setting;
  const differs = (name: keyof Setting) => setting[name] !== (usual as Partial<Setting>)[name];
  return [
    rateOf(setting),
    ...differs("stereoMode") ? [stereoMode] : [],
    ...differs("bitReservoir") ? [bitReservoir ? "reservoir" : "no reservoir"] : [],
    ...differs("quality") ? [`q${quality}`] : [],
    ...differs("lowpassHz") ? [`lowpass ${lowpassHz}`] : [],
    ...differs("codedSampleRate") ? [`at ${codedSampleRate} ${inHz(codedSampleRate)}`.trim()] : [],
    ...differs("gridOffset") ? [`offset ${gridOffset}`] : [],
    ...differs("passes") ? [`${passes} passes`] : [],
    ...differs("preserveLevel") ? [preserveLevel ? "level kept" : "level as coded"] : [],
  ].join(" ");
}

const inHz = (rate: unknown) => typeof rate === "number" ? "Hz" : "rate";

function rateOf({ bitrateKbps, averageBitrateKbps, vbrQuality }: Setting): string {
  if (bitrateKbps !== undefined) return `${bitrateKbps} kbps`;
  return averageBitrateKbps === undefined ? `VBR V${vbrQuality}` : `ABR ${averageBitrateKbps}`;
}
