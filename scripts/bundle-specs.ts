// npx bun scripts/bundle-specs.ts: the specs of the module as one file without imports,
// dist/specs/specs.js, with the WebAssembly module inside: for hosts without files, permissions and
// test runners, as browsers are.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { Failure, root, runAsProgram } from "./tools.mjs";

const folder = join(root, "dist", "specs");

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

/** The recordings and the programs that the specs read. */
function filesOfSpecs(): Record<string, string> {
  const audio = dirname(createRequire(import.meta.url).resolve("audio-lena"));
  const programs = join(root, "zig-out", "tests", "wasm32");
  const files = [
    ...["lena.raw", "lena.mp3"].map((name) => join(audio, name)),
    ...["check_library.wasm", "check_kernels.wasm"].map((name) => join(programs, name)),
  ];
  return Object.fromEntries(
    files.map((file) => [basename(file), readFileSync(file).toString("base64")]),
  );
}

/** What stands for modules that only runtimes with files have. */
const SUBSTITUTES: Record<string, () => string> = {
  "node:fs": () => `
    const files = ${JSON.stringify(filesOfSpecs())};
    export const readFileSync = (path) =>
      Uint8Array.from(atob(files[path.split("/").at(-1)]), (letter) => letter.charCodeAt(0));`,
  "node:assert/strict": () => `
    import assert from "node:assert";
    export default assert.strict;`,
  "node:module": () => `
    export const createRequire = () => ({ resolve: (name) => "/" + name + "/index.js" });`,
  "node:process": () => `
    export { memoryUsage } from ${JSON.stringify(join(root, "tests/wasm/harness.ts"))};
    import { memoryUsage } from ${JSON.stringify(join(root, "tests/wasm/harness.ts"))};
    export default { memoryUsage };`,
};

await runAsProgram(import.meta.url, async () => {
  const { build } = (globalThis as unknown as { Bun: BunBuild }).Bun;
  const { outputs } = await build({
    entrypoints: [join(root, "tests", "wasm", "program.ts")],
    target: "browser",
    format: "esm",
    plugins: [{
      name: "substitutes",
      setup(hooks) {
        hooks.onResolve({ filter: /^node:(assert\/strict|fs|module|process)$/ }, ({ path }) => ({
          path,
          namespace: "substitute",
        }));
        hooks.onLoad({ filter: /./, namespace: "substitute" }, ({ path }) => ({
          contents: SUBSTITUTES[path]?.() ?? "",
          loader: "js",
        }));
        hooks.onResolve({ filter: /\/harness\.ts$/ }, () => ({
          path: join(root, "tests/wasm/harness.ts"),
        }));
      },
    }],
  });
  const [output, ...others] = outputs;
  if (output === undefined || others.length > 0) throw new Failure("bun made no single file");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "specs.js"), await output.text());
  writeFileSync(
    join(folder, "index.html"),
    '<!doctype html><meta charset="utf-8"><title>specs</title><script type="module" src="specs.js"></script>\n',
  );
});
