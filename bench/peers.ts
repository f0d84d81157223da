// Who takes part in the bench, in the order of their turns. A new peer is a file in bench/peers that
// speaks the protocol of bench/worker.ts, and an entry here.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Failure, findOnPath, findTool, needTool, root, run } from "../scripts/tools.mjs";
import { prepareOriginal } from "./original/venv.ts";

/** How to start a peer's worker. */
export interface Start {
  command: string;
  args: string[];
}

/** Why something can't take part. */
export interface Skipped {
  skipped: string;
}

export interface Peer {
  name: string;
  /** It must not be skipped, and all such give the same samples. */
  isOurs?: boolean;
  /** It would take minutes for the long clip, so it goes without it. */
  isSlow?: boolean;
  /** It installs hundreds of megabytes, so a quick run goes without it. */
  isLarge?: boolean;
  prepare(): Promise<Start | Skipped>;
}

const peersFolder = join(root, "bench", "peers");

/** A peer in TypeScript. */
function startScript(runtime: "deno" | "bun", file: string, ...args: string[]): Start | Skipped {
  const command = findTool(runtime);
  if (!command) return { skipped: `${runtime} is not installed` };
  const options = runtime === "deno" ? ["--allow-all", "--no-check", "--quiet"] : [];
  return {
    command,
    args: ["run", ...options, join(peersFolder, file), ...args],
  };
}

function ours(runtime: "deno" | "bun", form: "sync" | "sync-out" | "async"): Peer {
  return {
    name: `this module: ${runtime === "deno" ? "Deno" : "Bun"} ${form.replace("-", ", ")}`,
    isOurs: true,
    prepare: () => Promise.resolve(startScript(runtime, "mp3-augment.ts", form)),
  };
}

let installed: Promise<string | undefined> | undefined;

let built: Promise<void> | undefined;

async function buildPrograms(): Promise<void> {
  const { code, output } = await run(needTool("zig"), ["build", "bench-programs"]);
  if (code !== 0) throw new Failure(`zig build bench-programs failed:\n${output.trim()}`);
}

/** A program in C, built by the first who asks. */
export async function prepareProgram(
  name: "stock" | "c-api" | "threshold" | "threads" | "encode" | "encode-stock",
): Promise<Start | Skipped> {
  if (process.platform === "win32") return { skipped: "the programs in C need POSIX" };
  await (built ??= buildPrograms());
  return { command: join(root, "zig-out", "bench", name), args: [] };
}

/** Installs bench/package.json once; why it can't, if so. */
function installPackages() {
  return installed ??= (async () => {
    const npm = findOnPath("npm");
    if (!npm) return "npm is not installed";
    const cwd = join(root, "bench");
    const lock = join(cwd, "package-lock.json");
    const stamp = join(cwd, "node_modules", ".package-lock.json");
    if (
      existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(lock).mtimeMs
    ) return undefined;
    const { code, output } = await run(npm, [
      "ci",
      "--ignore-scripts",
      "--no-audit",
    ], { cwd });
    return code === 0 ? undefined : `npm ci in bench: ${output.trim().split("\n").at(-1)}`;
  })();
}

/** A package for JavaScript from bench/package.json. */
function packaged(name: string, file: string): Peer {
  return {
    name,
    isLarge: true,
    prepare: async () => {
      const reason = await installPackages();
      return reason === undefined ? startScript("deno", file) : { skipped: reason };
    },
  };
}

/** The peer that all others' speed is related to. */
export const BASELINE = "fast-mp3-augment (Python)";

export const peers: readonly Peer[] = [
  { name: BASELINE, prepare: prepareOriginal },
  ours("deno", "sync"),
  ours("deno", "sync-out"),
  ours("deno", "async"),
  ours("bun", "sync"),
  ours("bun", "sync-out"),
  ours("bun", "async"),
  { name: "this library from C", isOurs: true, prepare: () => prepareProgram("c-api") },
  { name: "stock LAME + minimp3 in one thread", prepare: () => prepareProgram("stock") },
  {
    name: "ffmpeg in a pipe",
    prepare: () =>
      Promise.resolve(
        findOnPath("ffmpeg")
          ? startScript("bun", "ffmpeg.ts")
          : { skipped: "ffmpeg is not installed" },
      ),
  },
  packaged("node-av (FFmpeg, native)", "node-av.ts"),
  packaged("wasm-media-encoders + mpg123-decoder", "wasm-media-encoders.ts"),
  {
    ...packaged("@breezystack/lamejs + mpg123-decoder", "lamejs.ts"),
    isSlow: true,
  },
];
