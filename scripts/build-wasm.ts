// npm run build:wasm: the WebAssembly module, and beside it in lib/wasm32/ what `loadWasm` imports:
// the module as text, so that neither servers nor bundlers nor permissions are asked for a file, and
// the program of its workers, bundled.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { LETTERS } from "../ffi/wasm/letters.ts";
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

/**
 * Five letters for each four bytes, of 85 that need no escape, which `ffi/wasm/letters.ts` reads:
 * Base64 would take 16 KB more. The first four bytes are the length.
 */
function toLetters(bytes: Uint8Array): string {
  const padded = new DataView(new ArrayBuffer(4 + Math.ceil(bytes.length / 4) * 4));
  padded.setUint32(0, bytes.length);
  new Uint8Array(padded.buffer).set(bytes, 4);
  let letters = "";
  for (let at = 0; at < padded.byteLength; at += 4) {
    const value = padded.getUint32(at);
    for (let power = 85 ** 4; power >= 1; power /= 85) {
      letters += LETTERS[Math.floor(value / power) % 85];
    }
  }
  return letters;
}

/** Writes both texts, for the module that is there. */
export async function embedWasm() {
  const module = readFileSync(join(folder, "mp3augment.wasm"));
  writeText("embedded", "gzipLetters", toLetters(gzipSync(module, { level: 9 })));
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
