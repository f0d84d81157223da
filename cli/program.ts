/** The commands, and how the program ends. */
import process from "node:process";
import { Command, CommanderError } from "commander";
import { CliError, EXIT, reasonOf } from "./errors.ts";
import { painted, tellResult, warn } from "./tell.ts";
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
    .configureOutput({ outputError: (text, write) => write(painted(text)) })
    .exitOverride();
  for (const add of COMMANDS) add(program);
  const names = program.commands.map((command) => command.name());
  program.showHelpAfterError(`(the commands are ${names.join(", ")}; see "mp3-augment --help")`);
  for (const command of program.commands) {
    command.exitOverride().showHelpAfterError(`(see "mp3-augment ${command.name()} --help")`);
  }
  return program;
}

/** Runs the command line; errors are for people, and with `--json` for programs too. */
async function main(args: readonly string[]): Promise<void> {
  const fail = (message: string, exitCode: number) => {
    // Standard output may be meant for audio: "-" is the last of the arguments that are no options.
    const isOutputTaken = args.filter((arg) => /^(-|[^-].*)$/.test(arg)).slice(2).includes("-");
    if (args.includes("--json")) tellResult({ error: message, exitCode }, isOutputTaken);
    process.exitCode = exitCode;
  };
  try {
    await createProgram().parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) { // its message has been printed
      if (error.exitCode === 0) return void (process.exitCode = EXIT.ok);
      return fail(error.message, EXIT.usage);
    }
    const { path, code } = Object(error) as { path?: unknown; code?: unknown };
    if (code === "EPIPE") return void (process.exitCode = EXIT.brokenPipe);
    const message = `${path ? `${path}: ` : ""}${reasonOf(error)}`; // `path`: the file system's
    warn(`error: ${message}`);
    fail(message, error instanceof CliError ? error.exitCode : EXIT.failed);
  }
}

/** Runs the command line of this process. */
export async function runProgram(): Promise<void> {
  process.stdout.on("error", (error: Error & { code?: unknown }) => {
    // Whoever reads the output may have read enough, as head does; a full disk is another matter.
    if (error.code === "EPIPE") process.exit(EXIT.brokenPipe);
    const isTold = process.exitCode === EXIT.failed; // by the command that wrote
    if (!isTold) warn(`error: standard output: ${reasonOf(error)}`);
    process.exit(EXIT.failed);
  });
  await main(process.argv.slice(2));
}
