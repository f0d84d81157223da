/** How a setting is asked for by others: as a command, and in TypeScript. */
import type { CodingOptions, RateControl, RoundtripExtras } from "../../mod.ts";
import { FLAGS } from "../errors.ts";

/** How clips are coded. */
export type Setting = CodingOptions & RateControl & Pick<RoundtripExtras, "preserveLevel">;

/** The same, for others to copy. */
export interface Recipe {
  readonly command: string;
  readonly code: string;
}

/** In this order, and what needn't be said. */
const OPTIONS: readonly { name: keyof Setting; usual?: unknown; isOfRoundtrip?: true }[] = [
  { name: "bitrateKbps" },
  { name: "averageBitrateKbps" },
  { name: "vbrQuality" },
  { name: "quality", usual: 7 },
  { name: "stereoMode", usual: "stereo" },
  { name: "bitReservoir", usual: false },
  { name: "lowpassHz" },
  { name: "codedSampleRate" },
  { name: "gridOffset", usual: 0 },
  { name: "passes", usual: 1 },
  { name: "preserveLevel", usual: false, isOfRoundtrip: true },
];

/** A word that a shell takes as it is. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function saidOf(setting: Setting, isRoundtrip: boolean) {
  return OPTIONS.map((option) => ({ ...option, value: setting[option.name] }))
    .filter(({ value, usual, isOfRoundtrip }) =>
      value !== undefined && value !== usual && (isRoundtrip || !isOfRoundtrip)
    );
}

/** What is true or one of two needs no value. */
function flagsOf(setting: Setting, isRoundtrip: boolean): string[] {
  return saidOf(setting, isRoundtrip).flatMap(({ name, value }) => {
    const flag = FLAGS[name] ?? `--${name}`;
    return value === true || name === "stereoMode" ? [flag] : [flag, String(value)];
  });
}

/**
 * @param input the file's name
 * @param output the name of what is made, without its end
 */
export function recipeOf(setting: Setting, input: string, output: string): Recipe {
  const command = (name: string, end: string) =>
    ["mp3-augment", name, input, `${output}.${end}`, ...flagsOf(setting, name === "roundtrip")]
      .map(quote).join(" ");
  const properties = (isRoundtrip: boolean) =>
    saidOf(setting, isRoundtrip).map(({ name, value }) => `  ${name}: ${JSON.stringify(value)},`);
  const extras = saidOf(setting, true).filter(({ isOfRoundtrip }) => isOfRoundtrip)
    .map(({ name, value }) => `, ${name}: ${JSON.stringify(value)}`).join("");
  return {
    command: [command("roundtrip", "wav"), command("encode", "mp3")].join("\n"),
    code: [
      `import { compressRoundtrip, encodeMp3 } from "mp3-augment";`,
      "",
      "const options = {",
      `  sampleRate: ${setting.sampleRate},`,
      ...properties(false),
      "} as const;",
      `const heard = compressRoundtrip(channels, ${
        extras ? `{ ...options${extras} }` : "options"
      });`,
      "const mp3 = encodeMp3(channels, options);",
    ].join("\n"),
  };
}
