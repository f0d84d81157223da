// Who takes part in the bench, in the order of their turns. A new peer is a file in bench/peers that
// speaks the protocol of bench/worker.mjs, and an entry here.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { findOnPath, findTool, root, run } from "../scripts/tools.mjs";
import { buildCApi, buildStock } from "./build.mjs";
import { prepareOriginal } from "./original/venv.mjs";

/**
 * @typedef {{ command: string, args: string[] }} Start how to start a peer's worker
 * @typedef {object} Peer
 * @property {string} name
 * @property {boolean} [isOurs] it must not be skipped, and all such give the same samples
 * @property {boolean} [isSlow] it would take minutes for the long clip, so it goes without it
 * @property {boolean} [isLarge] it installs hundreds of megabytes, so a quick run goes without it
 * @property {() => Promise<Start | { skipped: string }>} prepare `skipped`: why it can't take part
 */

const peersFolder = join(root, "bench", "peers");

/**
 * A peer in TypeScript.
 * @param {"deno" | "bun"} runtime
 * @param {string} file
 * @param {string[]} args
 * @returns {Start | { skipped: string }}
 */
function startScript(runtime, file, ...args) {
  const command = findTool(runtime);
  if (!command) return { skipped: `${runtime} is not installed` };
  const options = runtime === "deno" ? ["--allow-all", "--no-check", "--quiet"] : [];
  return {
    command,
    args: ["run", ...options, join(peersFolder, file), ...args],
  };
}

/**
 * @param {"deno" | "bun"} runtime
 * @param {"sync" | "async"} form
 * @returns {Peer}
 */
function ours(runtime, form) {
  return {
    name: `this module: ${runtime === "deno" ? "Deno" : "Bun"} ${form}`,
    isOurs: true,
    prepare: () => Promise.resolve(startScript(runtime, "mp3-augment.ts", form)),
  };
}

/** @type {Promise<string | undefined> | undefined} */
let installed;

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

/**
 * A package for JavaScript from bench/package.json.
 * @param {string} name
 * @param {string} file
 * @returns {Peer}
 */
function packaged(name, file) {
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

/** @type {readonly Peer[]} */
export const peers = [
  { name: BASELINE, prepare: prepareOriginal },
  ours("deno", "sync"),
  ours("deno", "async"),
  ours("bun", "sync"),
  ours("bun", "async"),
  { name: "this library from C", isOurs: true, prepare: buildCApi },
  { name: "stock LAME + minimp3 in one thread", prepare: buildStock },
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
