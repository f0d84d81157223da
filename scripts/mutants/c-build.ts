// Compiles and links single C files by the commands that build.zig tells, with whatever C compiler
// is here: for mutants and for coverage.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { Failure, findOnPath, needTool, root, run } from "../tools.mjs";

/** One file and how it is compiled; of a test program, or else of the libraries. */
export interface Command {
  file: string;
  arguments: string[];
  program?: string;
}

/** A way to build everything. */
export interface Flavour {
  name: string;
  compile: readonly string[];
  link: readonly string[];
  /** Whether programs run that take the place of functions that sanitizers take, too. */
  plain: boolean;
}

export const plain: Flavour = { name: "plain", compile: ["-O1"], link: [], plain: true };

const sanitize = "-fsanitize=address,undefined";
export const sanitized: Flavour = {
  name: "sanitized",
  compile: ["-O1", "-g1", sanitize, "-fno-sanitize-recover=all"],
  link: [sanitize],
  plain: false,
};

export const covered: Flavour = {
  name: "covered",
  compile: ["-O0", "--coverage", "-fprofile-update=atomic"],
  link: ["--coverage"],
  plain: true,
};

interface Built {
  code: number;
  output: string;
}

/** How a process has ended: null where it was killed. */
export interface Ended {
  code: number | null;
  output: string;
  seconds: number;
}

export const folder = join(root, "zig-out", "mutants");
/** Takes the place of functions that sanitizers take, too. */
const PLAIN_PROGRAM = "test_failures";
const COMPILING = { timeoutMs: 120_000 };
export const PROCESSES = availableParallelism();

/** Runs a program, until its time is over or what it prints matches `until`. */
export function start(
  command: string,
  args: readonly string[],
  options: { seconds?: number; until?: RegExp; env?: Record<string, string> } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const env = { ...process.env, ...options.env };
    const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const take = (chunk: unknown) => {
      output += chunk;
      if (options.until?.test(output)) child.kill("SIGKILL");
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    const timer = setTimeout(() => child.kill("SIGKILL"), 1000 * (options.seconds ?? 600));
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, output, seconds: (performance.now() - begin) / 1000 });
    });
  });
}

/** Does something to all items, a few at a time, until one fails. */
export async function forAll<T>(
  items: readonly T[],
  body: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items].reverse();
  const work = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) {
      await body(item).catch((error) => {
        left.length = 0;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: PROCESSES }, work));
}

export async function readCommands(): Promise<Command[]> {
  const { code, output } = await run(needTool("zig"), ["build", "commands"]);
  if (code !== 0) throw new Failure(`zig build commands failed:\n${output}`);
  return JSON.parse(readFileSync(join(root, "zig-out", "compile_commands.json"), "utf8"));
}

/** Everything built in one flavour, once. */
export class CBuild {
  readonly flavour: Flavour;
  readonly commands: readonly Command[];
  readonly programs: readonly string[];
  readonly folder: string;
  readonly #compiler: string;

  constructor(flavour: Flavour, commands: readonly Command[]) {
    this.flavour = flavour;
    this.commands = commands;
    this.folder = join(folder, flavour.name);
    const names = new Set(commands.flatMap(({ program }) => program ?? []));
    this.programs = [...names].filter((name) => flavour.plain || name !== PLAIN_PROGRAM);
    const compiler = ["cc", "gcc", "clang"].map(findOnPath).find((path) => path !== undefined);
    if (!compiler) {
      throw new Failure("a C compiler is needed: gcc or clang, with its sanitizers");
    }
    this.#compiler = compiler;
  }

  /** Compiles what is not there yet or older than what it is made of, and links the programs. */
  async make(): Promise<this> {
    mkdirSync(this.folder, { recursive: true });
    const once = new Map(this.commands.map((command) => [command.file, command]));
    await forAll([...once.values()], async (command) => {
      const object = this.object(command);
      const flags = `${object}.flags`, said = JSON.stringify(command.arguments);
      const isSaid = existsSync(flags) && readFileSync(flags, "utf8") === said;
      if (isSaid && isCurrent(object, this.dependencies(command))) return;
      const { code, output } = await this.compile(command, object);
      if (code !== 0) {
        throw new Failure(`${command.file} doesn't compile:\n${output}`);
      }
      writeFileSync(flags, said);
    });
    await forAll(this.programs, async (program) => {
      const objects = this.commands.filter((command) => (command.program ?? program) === program);
      if (isCurrent(this.program(program), objects.map((command) => this.object(command)))) return;
      const { code, output } = await this.link(program, new Map(), this.program(program));
      if (code !== 0) throw new Failure(`${program} doesn't link:\n${output}`);
    });
    return this;
  }

  object({ file }: Command): string {
    return join(this.folder, `${file.replaceAll(/[/.]/g, "_")}.o`);
  }

  program(name: string): string {
    return join(this.folder, name);
  }

  /** The project's own files that one is made of, after it was compiled. */
  dependencies(command: Command): string[] {
    const path = this.object(command).replace(/o$/, "d");
    if (!existsSync(path)) return [];
    const files = readFileSync(path, "utf8").replaceAll("\\\n", " ").split(/\s+/).slice(1);
    return files.map((file) => file.replace(`${root}/`, "")).filter((file) =>
      /^(csrc|third_party)\//.test(file)
    );
  }

  /** Compiles one file. What lies in `overlay` takes the place of the project's files. */
  compile(command: Command, object: string, overlay?: string): Promise<Built> {
    const isThirdParty = command.file.startsWith("third_party/");
    const own = this.flavour === covered && isThirdParty ? ["-O1"] : this.flavour.compile;
    const mutated = overlay && join(overlay, command.file);
    const file = mutated && existsSync(mutated) ? mutated : command.file;
    const [, ...flags] = command.arguments.slice(0, -1);
    const includes = overlay ? [`-I${join(overlay, "csrc")}`] : [];
    return run(this.#compiler, [
      ...includes,
      ...own,
      ...flags.map((flag) => flag === "-Os" ? "-O1" : flag),
      ...["-w", "-fPIC", "-pthread", "-fno-strict-aliasing", "-MMD", "-include"],
      join(root, "csrc/tests/gcc_builtins.h"),
      ...[file, "-o", object],
    ], COMPILING);
  }

  /** Links a test program, with some objects replaced. */
  link(program: string, replaced: ReadonlyMap<Command, string>, to: string): Promise<Built> {
    const objects = this.commands.filter((command) => (command.program ?? program) === program);
    return this.#link(objects, replaced, ["-o", to]);
  }

  /** Links libmp3lame alone. */
  linkLame(replaced: ReadonlyMap<Command, string>, to: string): Promise<Built> {
    const objects = this.commands.filter(({ file, program }) =>
      !program && /^third_party\/|^csrc\/lame\/|common\/cpu\.c$/.test(file)
    );
    return this.#link(objects, replaced, ["-shared", "-o", to]);
  }

  #link(objects: readonly Command[], replaced: ReadonlyMap<Command, string>, more: string[]) {
    const paths = objects.map((command) => replaced.get(command) ?? this.object(command));
    const flags = [...this.flavour.link, "-pthread", ...more];
    return run(this.#compiler, [...paths, ...flags, "-ldl", "-lm"], COMPILING);
  }
}

function isCurrent(path: string, sources: readonly string[]): boolean {
  if (!existsSync(path) || sources.length === 0) return false;
  const { mtimeMs } = statSync(path);
  return sources.map((source) => resolve(root, source)).every((file) =>
    existsSync(file) && statSync(file).mtimeMs <= mtimeMs
  );
}
