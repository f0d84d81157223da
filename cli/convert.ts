/** A sound file as a WAV or FLAC file, perhaps through MP3: what two commands have in common. */
import { type CodeOptions, codeSource, type Coding } from "./audio/code.ts";
import { openSource } from "./audio/source.ts";
import { encodeBlocks } from "./audio/write.ts";
import { naming } from "./errors.ts";
import { openOutput } from "./files.ts";
import { type OutputArguments, outputFormat } from "./options.ts";
import { tellResult } from "./tell.ts";

/** What is said of the audio that was written. */
type Form = Pick<CodeOptions, "channelGroups"> & {
  readonly sampleRate: number;
  readonly channelCount: number;
};

/**
 * Writes `input` as `outputPath`.
 *
 * @param coding undefined: the samples stay as they are
 * @param more what `--json` tells beside the usual
 */
export async function convert(
  input: string,
  outputPath: string,
  options: OutputArguments & { readonly json: boolean },
  coding?: Coding,
  channelGroups: CodeOptions["channelGroups"] = "pairs",
  more: (form: Form) => Record<string, unknown> = () => ({}),
): Promise<void> {
  const format = outputFormat(outputPath, options);
  const output = await openOutput(outputPath, { sources: [input], force: options.force });
  const source = await naming(input, openSource(input));
  const code = codeSource(source, coding, { channelGroups, isLastUse: true, format });
  const audio = await naming(input, code);
  await naming(input, output.write(encodeBlocks(audio, format)));
  if (!options.json) return;
  const { sampleRate, channelCount, frameCount } = audio;
  const summary = {
    input,
    output: outputPath,
    sampleRate,
    channels: channelCount,
    frames: frameCount,
    durationSeconds: frameCount / sampleRate,
    peak: Math.max(...source.peaks),
    ...more({ sampleRate, channelCount, channelGroups }),
  };
  tellResult(summary, output.isStandard);
}
