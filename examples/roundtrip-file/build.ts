// npm run example:build [-- TARGET ...]
//
// One executable per platform into dist/roundtrip-file/, with the libraries of lib/ inside: by
// `bun build --compile`, which takes Bun for other platforms from its npm packages, and by
// `deno compile`. Without a target it is the one of this machine; `all` are all.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { executables, hostExecutable, isExecutable } from "../../scripts/release/executables.ts";
import { setUp } from "../../scripts/setup.mjs";
import { Failure, needTool, root, run, runAsProgram } from "../../scripts/tools.mjs";

const main = join(root, "examples", "roundtrip-file", "main.ts");

/** @returns the executable; undefined when it had to be skipped */
export async function build(target: string): Promise<string | undefined> {
  if (!isExecutable(target)) {
    throw new Failure(`${target} is none of all, ${Object.keys(executables).join(", ")}`);
  }
  const lib = join(root, "lib", executables[target]);
  if (!existsSync(lib)) {
    throw new Failure(`${relative(root, lib)} is not built: zig build release`);
  }
  mkdirSync(join(root, "dist", "roundtrip-file"), { recursive: true });
  const ending = target.includes("windows") ? ".exe" : "";
  const file = join(root, "dist", "roundtrip-file", `roundtrip-file-${target}${ending}`);
  const libraries = readdirSync(lib).filter((name) => /\.(so|so\.0|dylib|dll)$/.test(name))
    .map((name) => join(lib, name));
  return target.startsWith("bun-")
    ? await buildByBun(target, libraries, file)
    : await buildByDeno(target.slice("deno-".length), libraries, file);
}

async function buildByBun(target: string, libraries: string[], file: string) {
  // Further entry points that are no code are embedded as they are, here by their own names.
  const names = "--asset-naming=[name].[ext]";
  const args = ["build", "--compile", `--target=${target}`, names, main, ...libraries];
  const { code, output } = await run(needTool("bun"), [...args, "--outfile", file]);
  if (code !== 0) throw new Failure(`bun build failed:\n${output}`);
  return file;
}

async function buildByDeno(target: string, libraries: string[], file: string) {
  const permissions = ["--allow-ffi", "--allow-read", "--allow-write", "--allow-env"];
  const includes = libraries.map((path) => `--include=${path}`);
  const args = ["compile", `--target=${target}`, "--no-check", ...permissions, ...includes];
  const { code, output } = await run(needTool("deno"), [...args, "--output", file, main]);
  if (code === 0) return file;
  if (!/denort/.test(output)) throw new Failure(`deno compile failed:\n${output}`);
  console.error(`skipped ${target}: Deno's base binary, denort, can't be downloaded here`);
}

await runAsProgram(import.meta.url, async (args) => {
  await setUp();
  const targets = args.length > 0 ? args : [hostExecutable];
  for (const target of targets[0] === "all" ? Object.keys(executables) : targets) {
    const file = await build(target);
    if (file) process.stdout.write(`${relative(root, file)}\n`);
  }
});
