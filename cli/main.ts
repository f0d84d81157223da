#!/usr/bin/env bun
/**
 * The command `mp3-augment`: `mp3-augment --help` tells the rest.
 *
 * @module
 */
import process from "node:process";
import { Command, CommanderError } from "commander";
import { CliError, EXIT, reasonOf } from "./errors.ts";
import { VERSION } from "./version.ts";
import { add as addDataset } from "./commands/dataset.ts";
import { add as addDecode } from "./commands/decode.ts";
import { add as addEncode } from "./commands/encode.ts";
import { add as addInfo } from "./commands/info.ts";
import { add as addMerge } from "./commands/merge.ts";
import { add as addReport } from "./commands/report.ts";
import { add as addRoundtrip } from "./commands/roundtrip.ts";

/** In the order of the help text. */
const COMMANDS: readonly ((program: Command) => void)[] = [
  addRoundtrip,
  addDataset,
  addMerge,
  addEncode,
  addDecode,
  addInfo,
  addReport,
];

function createProgram(): Command {
  const program = new Command("mp3-augment")
    .description("MP3 round trips for audio data sets: aligned, reproducible, fast.")
    .version(VERSION)
    .showHelpAfterError('(see "mp3-augment help COMMAND")')
    .exitOverride();
  for (const add of COMMANDS) add(program);
  program.commands.forEach((command) => command.exitOverride());
  return program;
}

/** Runs the command line; errors are for people. */
async function main(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) { // its message has been printed
      process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
      return;
    }
    const { path } = Object(error) as { path?: unknown }; // of errors of the file system
    process.stderr.write(`error: ${path ? `${path}: ` : ""}${reasonOf(error)}\n`);
    process.exitCode = error instanceof CliError ? error.exitCode : EXIT.failed;
  }
}

// Whoever reads the output may have read enough, as head does.
process.stdout.on("error", () => process.exit(EXIT.brokenPipe));
await main(process.argv.slice(2));
