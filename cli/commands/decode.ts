/** `mp3-augment decode`: a sound file as WAV or FLAC. */
import type { Command } from "commander";
import { convert } from "../convert.ts";
import { addOutputOptions } from "../options.ts";

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
    .action((input, output, options) => convert(input, output, options));
}
