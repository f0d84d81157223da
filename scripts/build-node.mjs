// `npm run build:node`: the TypeScript as JavaScript with declarations, in dist/, for Node, which
// doesn't run TypeScript in node_modules. `--tests` adds the tests.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Failure, needTool, root, run, runAsProgram } from "./tools.mjs";

// Those of tsconfig.json are for checks alone: nearly all differ.
const OPTIONS = [
  "--ignoreConfig --rootDir . --outDir dist --declaration",
  "--target es2022 --lib esnext --types bun --strict --skipLibCheck",
  "--module esnext --moduleResolution bundler --moduleDetection force --verbatimModuleSyntax",
  "--rewriteRelativeImportExtensions",
].join(" ").split(" ");

const ENTRIES = ["mod.ts"];

/**
 * The tests of the module alone: dist/ has neither the benchmark nor what it compares with.
 * @returns {string[]}
 */
function testFiles() {
  const files = ["tests", "tests/scripts"].flatMap((folder) =>
    readdirSync(join(root, folder)).filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}/${name}`)
  );
  return files.filter((file) =>
    !/ from "\.\.\/(bench|cli)\//.test(readFileSync(join(root, file), "utf8"))
  );
}

/** @param {{ tests?: boolean }} [options] */
export async function buildForNode({ tests = false } = {}) {
  rmSync(join(root, "dist"), { recursive: true, force: true });
  const files = [...ENTRIES, ...(tests ? testFiles() : [])];
  const { code, output } = await run(needTool("tsc"), [...OPTIONS, ...files]);
  if (code !== 0) throw new Failure(`tsc could not build dist/: ${output}`);
}

await runAsProgram(import.meta.url, async (args) => {
  await buildForNode({ tests: args.includes("--tests") });
  return 0;
});
