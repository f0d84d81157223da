// `npm run build:node`: the TypeScript as JavaScript with declarations, in dist/, for Node, which
// doesn't run TypeScript in node_modules. `--tests` adds the tests.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Failure, needTool, root, run, runAsProgram } from "./tools.mjs";

// Those of tsconfig.json are for checks alone: nearly all differ.
const OPTIONS = [
  "--ignoreConfig --rootDir . --outDir dist --declaration",
  "--target es2022 --lib esnext --types bun --strict --skipLibCheck",
  "--module esnext --moduleResolution bundler --moduleDetection force --verbatimModuleSyntax",
  "--rewriteRelativeImportExtensions",
].join(" ").split(" ");

/** It compares the codec with the Python package, by the benchmark's code, which stays where it is. */
const OF_THE_BENCH = ["original.test.ts"];

/** @param {string} folder @param {string} ending */
function filesIn(folder, ending) {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(ending) && !OF_THE_BENCH.includes(name))
    .map((name) => join(folder, name));
}

/** @param {{ tests?: boolean }} [options] */
export async function buildForNode({ tests = false } = {}) {
  rmSync(join(root, "dist"), { recursive: true, force: true });
  const files = tests ? [...filesIn("tests", ".test.ts"), ...filesIn("tests/scripts", ".ts")] : [];
  const { code, output } = await run(needTool("tsc"), [...OPTIONS, "mod.ts", ...files]);
  if (code !== 0) throw new Failure(`tsc could not build dist/: ${output}`);
}

await runAsProgram(import.meta.url, async (args) => {
  await buildForNode({ tests: args.includes("--tests") });
  return 0;
});
