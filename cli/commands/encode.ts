/** `mp3-augment encode`: a sound file as an MP3 file. */
import process from "node:process";
import type { Command } from "commander";
import { encodeMp3Async, Mp3EncoderStream } from "../../mod.ts";
import type { Encoding } from "../audio/code.ts";
import { pump } from "../audio/pump.ts";
import { openSource, type Source } from "../audio/source.ts";
import { naming } from "../errors.ts";
import { replaceFile, writeAll, writeOutput } from "../files.ts";
import { addCodingOptions, type CodingArguments, codingOf } from "../options.ts";

interface EncodeArguments extends CodingArguments {
  tag: boolean;
  json: boolean;
}

const EXAMPLES = `
Examples:
  $ mp3-augment encode speech.wav speech.mp3 --bitrate 64
  $ mp3-augment encode song.flac song.mp3 --vbr-quality 2 --joint-stereo --reservoir --quality 3
  $ cat speech.wav | mp3-augment encode - - --bitrate 32 > speech.mp3`;

/** Adds the command. */
export function add(program: Command): void {
  const command = program.command("encode")
    .summary("write an MP3 file")
    .description("Encodes IN as the MP3 file OUT: the bytes of LAME 3.100 with the same settings.")
    .argument("<IN>", "a WAV, FLAC, Ogg or MP3 file, or - for standard input")
    .argument("<OUT>", "the MP3 file, or - for standard output");
  addCodingOptions(command);
  command
    .option("--no-tag", "leave out the tag with the length, the delay and the padding")
    .option("--json", "print what was done as JSON", false)
    .addHelpText("after", EXAMPLES)
    .action(encode);
}

async function encode(input: string, output: string, options: EncodeArguments): Promise<void> {
  const encoding = codingOf(options);
  const source = await naming(input, openSource(input));
  const { sampleRate, channelCount, frameCount, clip } = source;
  const given = { ...encoding, sampleRate, tag: options.tag };
  if (clip) {
    await writeOutput(output, [await naming(input, encodeMp3Async(clip, given))]);
  } else if (output === "-") { // whose start can't be written again at the end
    await writeOutput(
      output,
      pump(source.blocks(), new Mp3EncoderStream({ ...given, tag: false })),
    );
  } else {
    await naming(input, encodeLongFile(source, output, given));
  }
  if (!options.json) return;
  const summary = {
    input,
    output,
    sampleRate,
    channels: channelCount,
    frames: frameCount,
    durationSeconds: frameCount / sampleRate,
    parameters: encoding,
  };
  (output === "-" ? process.stderr : process.stdout).write(`${JSON.stringify(summary)}\n`);
}

async function encodeLongFile(
  source: Source,
  output: string,
  options: Encoding & { sampleRate: number; tag: boolean },
): Promise<void> {
  const stream = new Mp3EncoderStream(options);
  await replaceFile(output, async (file) => {
    for await (const bytes of pump(source.blocks(), stream)) await writeAll(file, bytes);
    const tag = stream.tagFrame ?? new Uint8Array(0);
    if (tag.length > 0) await file.write(tag, 0, tag.length, 0);
  });
}
