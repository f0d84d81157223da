// npx bun scripts/bundle-specs.ts: the specs of the module as one file without imports,
// dist/specs/program.js, with the WebAssembly module inside: for hosts without files, permissions and
// test runners, as browsers are.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { Failure, root, runAsProgram } from "./tools.mjs";

interface Hooks {
  onResolve(
    on: { filter: RegExp },
    body: (
      file: { path: string; importer: string },
    ) => { path: string; namespace?: string } | undefined,
  ): void;
  onLoad(
    on: { filter: RegExp; namespace: string },
    body: (file: { path: string }) => { contents: string; loader: "js" },
  ): void;
}

/** The part of Bun's bundler that is used here: Deno checks this file too. */
interface BunBuild {
  build(options: {
    entrypoints: string[];
    target: "browser";
    format: "esm";
    plugins: { name: string; setup(hooks: Hooks): void }[];
  }): Promise<{ outputs: { text(): Promise<string> }[] }>;
}

/** Their contents by name. */
function contentsOf(files: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    files.map((
      file,
    ) => [basename(file), readFileSync(file).toString("base64")]),
  );
}

const HARNESS = join(root, "tests", "wasm", "harness.ts");

/** What stands for modules that only runtimes with files have. */
const SUBSTITUTES: Record<string, (files: readonly string[]) => string> = {
  "node:fs": (files) => `
    const files = ${JSON.stringify(contentsOf(files))};
    export const readFileSync = (path) =>
      Uint8Array.from(atob(files[path.split("/").at(-1)]), (letter) => letter.charCodeAt(0));`,
  "node:assert/strict": () => `
    import assert from "node:assert";
    export default assert.strict;`,
  "node:module": () => `
    export const createRequire = () => ({ resolve: (name) => "/" + name + "/index.js" });`,
  "node:process": () => `
    export { memoryUsage } from ${JSON.stringify(HARNESS)};
    import { memoryUsage } from ${JSON.stringify(HARNESS)};
    export default { memoryUsage };`,
};

/**
 * Bundles a program into `folder`, as `program.js` and a page that runs it.
 * @param entry its path
 * @param files what it may read, by the last part of their paths
 */
export async function bundleProgram(
  entry: string,
  folder: string,
  files: readonly string[],
) {
  const { build } = (globalThis as unknown as { Bun: BunBuild }).Bun;
  const { outputs } = await build({
    entrypoints: [entry],
    target: "browser",
    format: "esm",
    plugins: [{
      name: "substitutes",
      setup: (hooks) => substitute(hooks, files),
    }],
  });
  const [output, ...others] = outputs;
  if (output === undefined || others.length > 0) {
    throw new Failure("bun made no single file");
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "program.js"), await output.text());
  const script = '<script type="module" src="program.js"></script>';
  writeFileSync(
    join(folder, "index.html"),
    `<!doctype html><meta charset="utf-8"><title>mp3-augment</title>${script}\n`,
  );
}

function substitute(hooks: Hooks, files: readonly string[]) {
  const filter = /^node:(assert\/strict|fs|module|process)$/;
  hooks.onResolve(
    { filter },
    ({ path }) => ({ path, namespace: "substitute" }),
  );
  hooks.onLoad({ filter: /./, namespace: "substitute" }, ({ path }) => ({
    contents: SUBSTITUTES[path]?.(files) ?? "",
    loader: "js",
  }));
  hooks.onResolve({ filter: /\/harness\.ts$/ }, () => ({ path: HARNESS }));
}

await runAsProgram(import.meta.url, async () => {
  const audio = dirname(createRequire(import.meta.url).resolve("audio-lena"));
  const programs = join(root, "zig-out", "tests", "wasm32");
  await bundleProgram(
    join(root, "tests/wasm/program.ts"),
    join(root, "dist", "specs"),
    [
      ...["lena.raw", "lena.mp3"].map((name) => join(audio, name)),
      ...["check_library.wasm", "check_kernels.wasm"].map((name) => join(programs, name)),
    ],
  );
});
