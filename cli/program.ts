/** The commands, and how the program ends. */
import process from "node:process";
import { Command, CommanderError } from "commander";
import { CliError, EXIT, reasonOf } from "./errors.ts";
import { painted, tellResult, warn } from "./tell.ts";
import { VERSION } from "./version.ts";

/** In the order of the help text. */
const COMMANDS: Record<string, () => Promise<{ add(program: Command): void }>> = {
  roundtrip: () => import("./commands/roundtrip.ts"),
  dataset: () => import("./commands/dataset.ts"),
  merge: () => import("./commands/merge.ts"),
  encode: () => import("./commands/encode.ts"),
  decode: () => import("./commands/decode.ts"),
  info: () => import("./commands/info.ts"),
  report: () => import("./commands/report.ts"),
};

/**
 * The command line, as it is parsed and helped with.
 *
 * @param first of the arguments: where it is a command, others needn't be loaded
 */
export async function createProgram(first = ""): Promise<Command> {
  const program = new Command("mp3-augment")
    .description("MP3 round trips for audio data sets: aligned, reproducible, fast.")
    .version(VERSION)
    .configureOutput({ outputError: (text, write) => write(painted(text)) })
    .exitOverride();
  const all = Object.entries(COMMANDS);
  const wanted = all.filter(([name]) => name === first);
  for (const [, load] of wanted.length > 0 ? wanted : all) (await load()).add(program);
  const names = Object.keys(COMMANDS);
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
    const program = await createProgram(args[0]);
    await program.parseAsync(args, { from: "user" });
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
