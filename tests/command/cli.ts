/** Runs the command in a process of its own, and what tests of it share. */
import { Buffer } from "node:buffer";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { wavBytes, wavHeader } from "../../cli/audio/wav.ts";
import { projectPath, runtimeName } from "../harness.ts";

/** How the command has ended. */
export interface CliOutcome {
  code: number;
  stdout: Buffer;
  stderr: string;
}

/** The command in this runtime: a program and its first arguments. */
export function cliCommand(): string[] {
  if (runtimeName === "Node") return [process.execPath, projectPath("dist/node/cli/main.js")];
  const runner = runtimeName === "Deno" ? ["run", "--no-prompt", "-A", "--no-check"] : ["run"];
  return [process.execPath, ...runner, projectPath("cli/main.ts")];
}

/** Starts the command in this runtime. */
export function startCli(
  args: readonly string[],
  env: Record<string, string> = {},
): { child: ChildProcess; outcome: Promise<CliOutcome> } {
  const [program = "", ...first] = cliCommand();
  const child = spawn(program, [...first, ...args], {
    env: { ...process.env, ...env },
  });
  const stdout: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr += chunk);
  const outcome = new Promise<CliOutcome>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode, signal) => {
      // Deno takes an exit code above 128 for a signal: as shells do, either is the same here.
      const code = exitCode ?? 128 + (signal ? constants.signals[signal] : 0);
      resolve({ code, stdout: Buffer.concat(stdout), stderr });
    });
  });
  return { child, outcome };
}

/** Runs the command to its end. */
export function runCli(
  args: readonly string[],
  options: { stdin?: Uint8Array; env?: Record<string, string> } = {},
): Promise<CliOutcome> {
  const { child, outcome } = startCli(args, options.env);
  child.stdin?.end(options.stdin);
  return outcome;
}

/** What runs a shell line in a terminal; undefined, and a word about it, where there is no way. */
export function inTerminal(
  line: string,
  folder: string,
): { status: number | null; text: string } | undefined {
  const run = (command: string) =>
    spawnSync("script", ["-qec", command, "/dev/null"], { cwd: folder, timeout: 60_000 });
  if (process.platform !== "linux" || run("true").status !== 0) {
    console.log("skipped: no terminal can be made here by script(1)");
    return undefined;
  }
  const { status, stdout } = run(line);
  return { status, text: stdout.toString() };
}

/** Gives the body a folder that is gone afterwards. */
export async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "mp3-augment-cli-"));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a 16-bit file keeps of samples. */
export function as16Bits(samples: Float32Array): Float32Array {
  return samples.map((sample) =>
    Math.min(32767, Math.max(-32768, Math.floor(sample * 32768 + 0.5))) / 32768
  );
}

/** Writes a 16-bit WAV file. */
export function writeWav(
  path: string,
  channels: readonly Float32Array[],
  sampleRate: number,
): void {
  mkdirSync(dirname(path), { recursive: true });
  const header = wavHeader(sampleRate, channels.length, "16", channels[0]?.length ?? 0);
  writeFileSync(path, Buffer.concat([header, wavBytes(channels, "16")]));
}

/** All files below a folder with their contents. */
export function readTree(folder: string, below = ""): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) Object.assign(tree, readTree(folder, path));
    else tree[path] = readFileSync(join(folder, path), "base64");
  }
  return tree;
}

/** A JSON Lines file. */
export function readJsonLines(path: string): Record<string, unknown>[] {
  return readFileSync(path, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** Waits until something is so; fails after a minute. */
export async function waitFor(isSo: () => boolean): Promise<void> {
  for (const startMs = performance.now(); !isSo();) {
    if (performance.now() - startMs > 60_000) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A file of tests/fixtures; with MP3_AUGMENT_FIXTURES=write it becomes `now`, for a look at the diff. */
export function fixture(name: string, now: string): string {
  const path = projectPath(`tests/fixtures/${name}`);
  if (process.env["MP3_AUGMENT_FIXTURES"] === "write") writeFileSync(path, now);
  return readFileSync(path, "utf8");
}
