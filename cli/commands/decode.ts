/** `mp3-augment decode`: a sound file as WAV or FLAC. */
import type { Command } from "commander";
import { codeSource } from "../audio/code.ts";
import { openSource } from "../audio/source.ts";
import { encodeBlocks } from "../audio/write.ts";
import { naming } from "../errors.ts";
import { openOutput } from "../files.ts";
import { tellResult } from "../tell.ts";
import { addOutputOptions, type OutputArguments, outputFormat } from "../options.ts";

const EXAMPLES = `
Examples:
  $ mp3-augment decode speech.mp3 speech.wav
  $ mp3-augment decode song.mp3 song.flac --bits 24
  $ mp3-augment decode song.mp3 - --bits float | other-program`;

/** Adds the command. */
export function add(program: Command): void {
  const command = program.command("decode")
    .summary("write the audio of an MP3 file as WAV or FLAC")
    .description("Decodes IN, without the delay and the padding that an MP3 file's tag tells of.")
    .argument("<IN>", "an MP3 file, or a WAV, AIFF, FLAC or Ogg file, or - for standard input")
    .argument("<OUT>", "a .wav or .flac file, or - for standard output");
  addOutputOptions(command);
  command
    .option("--json", "print what was done as JSON", false)
    .addHelpText("after", EXAMPLES)
    .action(decode);
}

async function decode(
  input: string,
  outputPath: string,
  options: OutputArguments & { json: boolean },
): Promise<void> {
  const format = outputFormat(outputPath, options);
  const output = await openOutput(outputPath, { sources: [input], force: options.force });
  const source = await naming(input, openSource(input));
  const audio = await codeSource(source, undefined, { channelGroups: "pairs", isLastUse: true });
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
  };
  tellResult(summary, output.isStandard);
}
