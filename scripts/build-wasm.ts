// npm run build:wasm: the WebAssembly module, and beside it in lib/wasm32/ what `loadWasm` imports:
// the module as text, so that neither servers nor bundlers nor permissions are asked for a file, and
// the program of its workers, bundled.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { setUp } from "./setup.mjs";
import { Failure, needTool, root, run, runAsProgram } from "./tools.mjs";

const folder = join(root, "lib", "wasm32");

/** The part of Bun's bundler that is used here: Deno checks this file too. */
interface BunBuild {
  build(options: {
    entrypoints: string[];
    target: "browser";
    format: "iife";
    minify: boolean;
  }): Promise<{ outputs: { text(): Promise<string> }[] }>;
}

/** A module with one string, and its types. */
function writeText(file: string, name: string, text: string) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${file}.js`), `export const ${name} = ${JSON.stringify(text)};\n`);
  writeFileSync(join(folder, `${file}.d.ts`), `export const ${name}: string;\n`);
}

/** Writes both texts, for the module that is there. */
export async function embedWasm() {
  const module = readFileSync(join(folder, "mp3augment.wasm"));
  writeText("embedded", "gzipBase64", gzipSync(module, { level: 9 }).toString("base64"));
  const { build } = (globalThis as unknown as { Bun: BunBuild }).Bun;
  const { outputs } = await build({
    entrypoints: [join(root, "ffi", "wasm", "worker.ts")],
    target: "browser",
    format: "iife",
    minify: true,
  });
  writeText("worker", "program", await outputs[0]?.text() ?? "");
}

await runAsProgram(import.meta.url, async () => {
  await setUp();
  const { code, output } = await run(needTool("zig"), ["build", "wasm"], { show: true });
  if (code !== 0) throw new Failure(`zig build wasm failed:\n${output}`);
  await embedWasm();
});
