/** `mp3-augment encode`: a sound file as an MP3 file. */
import type { Command } from "commander";
import { encodeMp3Async, Mp3EncoderStream, probeMp3 } from "../../mod.ts";
import { type Encoding, withCodedBitrate } from "../audio/code.ts";
import { pump } from "../audio/pump.ts";
import { openSource, type Source } from "../audio/source.ts";
import { naming } from "../errors.ts";
import { openOutput, type Output, replaceFile, writeAll } from "../files.ts";
import {
  addCodingOptions,
  addForce,
  checkName,
  type CodingArguments,
  codingOf,
} from "../options.ts";
import { tellResult, warn } from "../tell.ts";

interface EncodeArguments extends CodingArguments {
  tag: boolean;
  force: boolean;
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
    .argument("<IN>", "a WAV, AIFF, FLAC, Ogg or MP3 file, or - for standard input")
    .argument("<OUT>", "the MP3 file, or - for standard output");
  addCodingOptions(command);
  addForce(command, "write MP3 to a terminal, or under another format's name");
  command
    .option("--no-tag", "leave out the tag with the length, the delay and the padding")
    .option("--json", "print what was done as JSON", false)
    .addHelpText("after", EXAMPLES)
    .action(encode);
}

async function encode(input: string, outputPath: string, options: EncodeArguments): Promise<void> {
  const encoding = codingOf(options);
  checkName(outputPath, "MP3", ".mp3", options.force);
  const output = await openOutput(outputPath, { sources: [input], force: options.force });
  const source = await naming(input, openSource(input));
  const { sampleRate, channelCount, frameCount } = source;
  const given = { ...encoding, sampleRate, tag: options.tag };
  const hasTag = await naming(input, encodeInto(output, source, given));
  if (options.tag && !hasTag.isThere) {
    const name = output.isStandard ? "standard output" : outputPath;
    warn(`warning: ${name}: ${hasTag.reason}`);
  }
  if (!options.json) return;
  const summary = {
    input,
    output: outputPath,
    sampleRate,
    channels: channelCount,
    frames: frameCount,
    durationSeconds: frameCount / sampleRate,
    tag: hasTag.isThere,
    parameters: withCodedBitrate(encoding, sampleRate),
  };
  tellResult(summary, output.isStandard);
}

/** Whether the file has the tag that makes players give back exactly what went in. */
interface TagOutcome {
  readonly isThere: boolean;
  readonly reason: string;
}

const NO_ROOM =
  "LAME writes no tag at this bitrate and sample rate, as it doesn't fit: decoders will " +
  "give the encoder's delay and padding too";
const NO_WAY_BACK =
  "a long file that isn't written to a named file gets no tag, as that would go to " +
  "the start at the end: decoders will give the encoder's delay and padding too";

type Given = Encoding & { sampleRate: number; tag: boolean };

async function encodeInto(output: Output, source: Source, given: Given): Promise<TagOutcome> {
  const { clip } = source;
  if (clip) {
    const bytes = await encodeMp3Async(clip, given);
    await output.write([bytes]);
    return { isThere: given.tag && probeMp3(bytes)?.encoderDelay !== undefined, reason: NO_ROOM };
  }
  if (output.isFile) {
    return { isThere: await encodeLongFile(source, output.path, given), reason: NO_ROOM };
  }
  await output.write(pump(source.blocks(), new Mp3EncoderStream({ ...given, tag: false })));
  return { isThere: false, reason: NO_WAY_BACK };
}

/** @returns whether there is a tag */
async function encodeLongFile(source: Source, path: string, options: Given): Promise<boolean> {
  const stream = new Mp3EncoderStream(options);
  const tag = () => stream.tagFrame ?? new Uint8Array(0);
  await replaceFile(path, async (file) => {
    for await (const bytes of pump(source.blocks(), stream)) await writeAll(file, bytes);
    if (tag().length > 0) await file.write(tag(), 0, tag().length, 0);
  });
  return tag().length > 0;
}
