// `npm run build:node`: the TypeScript as JavaScript in dist/node/, for Node's tests: Node doesn't
// run TypeScript before 22.18, and nowhere in packages. `--tests` adds the specs.
import { readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { Failure, needTool, root, run, runAsProgram } from "./tools.mjs";

// Those of tsconfig.json are for checks alone: nearly all differ.
const OPTIONS = [
  "--ignoreConfig --rootDir . --outDir dist/node",
  "--target es2022 --lib esnext --types bun --strict --skipLibCheck",
  "--allowJs --checkJs false --module esnext --moduleResolution bundler --moduleDetection force --verbatimModuleSyntax",
  "--rewriteRelativeImportExtensions --noCheck", // the step tsc of npm test checks
].join(" ").split(" ");

const ENTRIES = ["mod.ts", "transform.ts", "wasm.ts", "cli/main.ts"];

/** What the specs start is in tests/scripts/. */
const TEST_FOLDERS = ["tests/module", "tests/command", "tests/scripts"];

function testFiles() {
  return TEST_FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)
  );
}

/** @param {{ tests?: boolean, hasMaps?: boolean }} [options] `hasMaps`: of the lines, beside each file */
export async function buildForNode({ tests = false, hasMaps = false } = {}) {
  const folder = join(root, "dist", "node");
  rmSync(folder, { recursive: true, force: true });
  const files = [...ENTRIES, ...(tests ? testFiles() : [])];
  const options = hasMaps ? [...OPTIONS, "--sourceMap"] : OPTIONS;
  const { code, output } = await run(needTool("tsc"), [...options, ...files]);
  if (code !== 0) throw new Failure(`tsc could not build dist/node/: ${output}`);
  symlinkSync(join(root, "lib"), join(folder, "lib"), "junction"); // where the loader looks
}

await runAsProgram(import.meta.url, async (args) => {
  await buildForNode({ tests: args.includes("--tests") });
  return 0;
});
