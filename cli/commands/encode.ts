/** `mp3-augment encode`: a sound file as an MP3 file. */
import { extname } from "node:path";
import type { Command } from "commander";
import { encodeMp3Async, Mp3EncoderStream, nearestSampleRate, probeMp3 } from "../../mod.ts";
import { groupChannels, resample, resampleBlocks } from "../../transform.ts";
import { type Encoding, withCodedRates } from "../audio/code.ts";
import { pump } from "../audio/pump.ts";
import { openSource, type Source } from "../audio/source.ts";
import { naming, usageError } from "../errors.ts";
import { openOutput, type Output, replaceFile } from "../files.ts";
import {
  addCodingOptions,
  addForce,
  channelGroupsOption,
  checkName,
  type CodingArguments,
  codingOf,
} from "../options.ts";
import { look } from "../paths.ts";
import { tellResult, warn } from "../tell.ts";

interface EncodeArguments extends CodingArguments {
  channelGroups: "pairs" | "singles";
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
    .description(
      "Encodes IN as the MP3 file OUT: the bytes of LAME 3.100 with the same settings. Rates that MP3 " +
        "has not are resampled; more than two channels become OUT-0.mp3, OUT-1.mp3, ….",
    )
    .argument("<IN>", "a WAV, AIFF, FLAC, Ogg or MP3 file, or - for standard input")
    .argument("<OUT>", "the MP3 file, or - for standard output");
  addCodingOptions(command);
  addForce(
    command,
    "write MP3 to a terminal or under another format's name, and replace OUT-0.mp3",
  );
  command
    .addOption(channelGroupsOption())
    .option("--no-tag", "leave out the tag with the length, the delay and the padding")
    .option("--json", "print what was done as JSON", false)
    .addHelpText("after", EXAMPLES)
    .action(encode);
}

async function encode(input: string, outputPath: string, options: EncodeArguments): Promise<void> {
  const encoding = codingOf(options);
  checkName(outputPath, "MP3", ".mp3", options.force);
  const { force, channelGroups, tag } = options;
  const only = await openOutput(outputPath, { sources: [input], force });
  const source = await naming(input, openSource(input));
  const { sampleRate, channelCount, frameCount } = source;
  const groups = groupChannels([...Array(channelCount).keys()], channelGroups);
  const outputs = groups.length > 1
    ? await openSeveral(only, groups.length, { sources: [input], force })
    : [only];
  const given = { ...encoding, sampleRate: nearestSampleRate(sampleRate), tag };
  let hasTags = true;
  for (const [index, group] of groups.entries()) {
    const output = outputs[index] as Output;
    const made = await naming(input, encodeInto(output, partOf(source, group), given));
    hasTags &&= made.isThere;
    if (!tag || made.isThere) continue;
    const name = output.isStandard ? "standard output" : output.path;
    warn(`warning: ${name}: ${made.reason}`);
  }
  if (!options.json) return;
  const parameters = withCodedRates(encoding, { sampleRate, channelCount, channelGroups });
  const summary = {
    input,
    ...(outputs.length > 1 ? { outputs: outputs.map(({ path }) => path) } : { output: outputPath }),
    sampleRate,
    codedSampleRate: parameters.codedSampleRate,
    channels: channelCount,
    frames: frameCount,
    durationSeconds: frameCount / sampleRate,
    tag: hasTags,
    parameters,
  };
  tellResult(summary, only.isStandard);
}

/** MP3 has two channels: one file per group of them, beside each other. */
async function openSeveral(
  { path, isFile }: Output,
  count: number,
  options: { sources: readonly string[]; force: boolean },
): Promise<Output[]> {
  if (!isFile) {
    throw usageError(
      `an MP3 file has two channels, so that this makes ${count} files: name OUT.mp3, which ` +
        `becomes OUT-0.mp3 to OUT-${count - 1}.mp3`,
    );
  }
  const stem = path.slice(0, path.length - extname(path).length);
  const outputs: Output[] = [];
  for (let index = 0; index < count; index++) {
    const each = `${stem}-${index}${extname(path)}`;
    if (!options.force && await look(each) !== undefined) {
      throw usageError(
        `${count} files are made, and ${each}, which you haven't named, is there already: ` +
          "name another OUT, move it away, or use --force to replace it",
      );
    }
    outputs.push(await openOutput(each, options));
  }
  return outputs;
}

/** Some of a source's channels, at a rate that MP3 has. */
interface Part {
  readonly clip: Float32Array[] | undefined;
  blocks(): AsyncIterable<Float32Array[]>;
}

function partOf(source: Source, group: readonly number[]): Part {
  const { sampleRate, channelCount, clip } = source;
  const codedRate = nearestSampleRate(sampleRate);
  const pick = (channels: readonly Float32Array[]) =>
    group.length === channelCount
      ? [...channels]
      : group.map((channel) => channels[channel] as Float32Array);
  const picked = async function* () {
    for await (const block of source.blocks()) yield pick(block);
  };
  if (codedRate === sampleRate) return { clip: clip && pick(clip), blocks: picked };
  return {
    clip: clip && pick(clip).map((channel) => resample(channel, sampleRate, codedRate)),
    blocks: () => resampleBlocks(picked(), sampleRate, codedRate),
  };
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

async function encodeInto(output: Output, source: Part, given: Given): Promise<TagOutcome> {
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
async function encodeLongFile(source: Part, path: string, options: Given): Promise<boolean> {
  const stream = new Mp3EncoderStream(options);
  const tag = () => stream.tagFrame ?? new Uint8Array(0);
  await replaceFile(path, async (file) => {
    for await (const bytes of pump(source.blocks(), stream)) file.write(bytes);
    if (tag().length > 0) file.write(tag(), 0);
  });
  return tag().length > 0;
}
