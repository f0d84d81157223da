/** `mp3-augment dataset`: whole folders, lists, tar shards and tar streams. */
import process from "node:process";
import { type Command, Option } from "commander";
import { countSkipped, countsOf } from "../dataset/plan.ts";
import { runDataset, type RunResult } from "../dataset/run.ts";
import type { Settings } from "../dataset/settings.ts";
import { chooseShard, shardSuffix } from "../dataset/shard.ts";
import type { SampleFormat } from "../audio/wav.ts";
import { addDrawOptions, compressionOf, type DrawArguments } from "../draw-options.ts";
import { EXIT, usageError } from "../errors.ts";
import { stopOnSignals } from "../interrupt.ts";
import { channelGroupsOption, integerIn, outputFormat } from "../options.ts";
import { isStandardInput, isStandardOutput } from "../paths.ts";
import { formatDuration, Progress } from "../progress.ts";
import { tellResult, warn } from "../tell.ts";

interface DatasetOptions extends DrawArguments {
  copies: number;
  seed: number;
  format: "wav" | "flac";
  bits: SampleFormat;
  channelGroups: "pairs" | "singles";
  tar?: number;
  pathColumn?: string;
  root?: string;
  name?: string;
  audioColumn?: string;
  shard?: string | false;
  shards?: number;
  threads?: number;
  force: boolean;
  strict: boolean;
  quiet: boolean;
  json: boolean;
}

const EXAMPLES = `
Examples:
  $ mp3-augment dataset clips/ augmented/ --min-bitrate 8 --max-bitrate 64 --p 0.5 --seed 1
  $ mp3-augment dataset clips/ augmented/ --preset realistic --copies 3 --format flac
  $ mp3-augment dataset train.csv augmented/ --path-column file --root /data/clips
  $ mp3-augment dataset shards/ augmented/            # WebDataset: .tar in, .tar out
  $ mp3-augment dataset hub/ augmented/ --seed 1      # Hugging Face: .parquet in, .parquet out
  $ mp3-augment dataset clips/ shards/ --tar 1000     # WebDataset from files
  $ mp3-augment dataset clips/ augmented/ --shard 0/4 # then: mp3-augment merge augmented/
  $ mp3-augment dataset - - --name a/0.tar < in.tar > out.tar

Run it again after an interruption: it goes on where it was. The draw for a file depends only on the
seed, the file's path below SRC and the copy's number.`;

/** Adds the command. */
export function add(program: Command): void {
  const command = program.command("dataset")
    .summary("augment a folder, a list of files, or shards (tar, Parquet)")
    .description(
      "Passes each sound file of SRC through MP3 with random parameters, and mirrors the tree in DST.",
    )
    .argument(
      "<SRC>",
      "a folder, a list (.jsonl, .csv, also .gz), a .tar or .parquet shard or a sound file; - for a tar stream",
    )
    .argument("<DST>", "the output folder; - for a tar stream");
  addDrawOptions(command);
  command
    .option("--copies <n>", "outputs per source", integerIn(1, 10000), 1)
    .option(
      "--seed <integer>",
      "what all draws start from",
      integerIn(0, Number.MAX_SAFE_INTEGER),
      0,
    )
    .addOption(
      new Option("--format <format>", "of the outputs").choices(["wav", "flac"]).default("wav"),
    )
    .addOption(
      new Option("--bits <bits>", "of the outputs' samples").choices(["16", "24", "float"]).default(
        "16",
      ),
    )
    .addOption(channelGroupsOption())
    .option("--tar <n>", "write WebDataset shards of n sources each", integerIn(1))
    .option(
      "--path-column <name>",
      "the field of a list that holds the path, as recording.sources.0.source " +
        "(default: path or audio_filepath)",
    )
    .option(
      "--root <folder>",
      "what the paths of a list are relative to (default: the list's folder)",
    )
    .option(
      "--audio-column <name>",
      "of Parquet files: the column of audio (default: the one that looks like it)",
    )
    .option("--name <path>", "with - -: the shard's path, which draws go by (default: -)")
    .option("--shard <I/N>", "do only part I (from 0) of N (default: from SLURM or Kubernetes)")
    .option("--no-shard", "do everything, whatever SLURM or Kubernetes say")
    .option(
      "--shards <N>",
      "how many parts there are, where only the index is known",
      integerIn(1, 1e6),
    )
    .option(
      "--threads <n>",
      "how many threads, each with a file (default: one per core)",
      integerIn(1, 4096),
    )
    .option("--force", "replace files in DST that no run has recorded, but never a source", false)
    .option(
      "--strict",
      "exit with 1 if sound files were skipped, as their format isn't read",
      false,
    )
    .option("--quiet", "no progress", false)
    .option("--json", "print the result as JSON", false)
    .addHelpText("after", EXAMPLES)
    .action(augment);
}

async function augment(
  source: string,
  folder: string,
  options: DatasetOptions,
  command: Command,
): Promise<void> {
  const settings = settingsOf(options, command);
  if (isStandardInput(source) || isStandardOutput(folder)) {
    checkPipe(source, folder, command);
    return await augmentPipe(settings, options);
  }
  if (options.name !== undefined) {
    throw usageError("--name is for tar streams (dataset - -): files are drawn for by their paths");
  }
  const shard = chooseShard(options, process.env);
  const progress = await Progress.create(options.quiet);
  if (shard.source) progress.say(`shard ${shard.index} of ${shard.count} (${shard.source})`);
  process.once("exit", () => progress.stop()); // also where a second Ctrl-C ends it
  const stop = stopOnSignals(() =>
    progress.say("finishing the files under way; once more to quit at once")
  );
  try {
    const result = await runDataset({
      sources: {
        source,
        ...(options.pathColumn && { pathColumn: options.pathColumn }),
        ...(options.root && { root: options.root }),
      },
      folder,
      settings,
      shard,
      ...(options.threads && { threads: options.threads }),
      force: options.force,
      signal: stop.signal,
      say: (text) => progress.say(text),
      onStart: (total, done) => progress.start(total, done),
      onDone: ({ audioSeconds, failures = [] }) => progress.add(audioSeconds, failures.length),
      onFailed: () => progress.add(0, 1),
    });
    progress.stop();
    report(result, progress, options, {
      word: "file",
      isShard: shardSuffix(shard) !== "",
      isOutputTaken: false,
    });
    process.exitCode = result.isInterrupted ? stop.exitCode : exitCodeOf(result, options);
  } finally {
    progress.stop();
    stop.release();
  }
}

function exitCodeOf({ failures, skipped }: RunResult, { strict }: DatasetOptions): number {
  const isIncomplete = failures.length > 0 || (strict && skipped.length > 0);
  return isIncomplete ? EXIT.someFailed : EXIT.ok;
}

/** What a stream has no use for: shards, lists, files that are there already. */
const NOT_FOR_PIPES = ["tar", "pathColumn", "root", "audioColumn", "shard", "shards", "force"];

function checkPipe(source: string, folder: string, command: Command): void {
  if (!isStandardInput(source) || !isStandardOutput(folder)) {
    throw usageError(
      "a tar stream goes from standard input to standard output: mp3-augment dataset - -",
    );
  }
  const given = NOT_FOR_PIPES.find((name) =>
    command.getOptionValueSource(name) === "cli" && command.getOptionValue(name) !== false
  );
  if (given === undefined) return;
  const flag = given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw usageError(`--${flag} has no meaning for a tar stream (dataset - -): leave it out`);
}

/** From standard input to standard output; whatever else there is to say goes to standard error. */
async function augmentPipe(settings: Settings, options: DatasetOptions): Promise<void> {
  const { runPipe } = await import("../dataset/pipe.ts");
  const progress = await Progress.create(options.quiet);
  const result = await runPipe({
    name: options.name ?? "-",
    settings,
    ...(options.threads && { threads: options.threads }),
    onDone: ({ rows, failure }) =>
      progress.add(rows.reduce((sum, row) => sum + row.durationSeconds, 0), failure ? 1 : 0),
  });
  report(result, progress, options, { word: "sample", isShard: false, isOutputTaken: true });
  process.exitCode = exitCodeOf(result, options);
}

function settingsOf(options: DatasetOptions, command: Command): Settings {
  return {
    compression: compressionOf(options, command),
    channelGroups: options.channelGroups,
    copies: options.copies,
    seed: options.seed,
    format: outputFormat("", options),
    ...(options.tar !== undefined && { tarSize: options.tar }),
    ...(options.audioColumn !== undefined && { audioColumn: options.audioColumn }),
  };
}

function report(
  result: RunResult,
  progress: Progress,
  options: DatasetOptions,
  how: { word: string; isShard: boolean; isOutputTaken: boolean },
): void {
  const { unitCount, skippedCount, doneCount, failures, skipped, isInterrupted, manifest } = result;
  for (const { source, reason } of failures) warn(`failed: ${source}: ${reason}`);
  if (skipped.length > 0) {
    warn(`${counted(skipped.length, "file")} skipped: ${countSkipped(skipped)}`);
  }
  if (options.json) {
    return tellResult({
      files: unitCount,
      done: doneCount,
      alreadyDone: skippedCount,
      failed: failures.length,
      skipped: countsOf(skipped),
      interrupted: isInterrupted,
      audioSeconds: progress.audioSeconds,
      seconds: progress.seconds,
      timesRealTime: progress.timesRealTime,
      manifest: manifest ?? null,
      failures,
    }, how.isOutputTaken);
  }
  progress.say(
    `${counted(doneCount, how.word)}, ${formatDuration(progress.audioSeconds)} of audio in ${
      formatDuration(progress.seconds)
    } ` +
      `(${progress.timesRealTime.toFixed(0)} × real time)` +
      (skippedCount > 0 ? `, ${skippedCount} done before` : "") +
      (failures.length > 0 ? `, ${failures.length} failed` : ""),
  );
  if (isInterrupted) progress.say("interrupted: the same command goes on from here");
  if (manifest) {
    progress.say(
      `manifest: ${manifest}${how.isShard ? "; when all shards are done: mp3-augment merge" : ""}`,
    );
  }
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
