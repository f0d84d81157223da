/** The C programs that check the library and its kernels, built for WebAssembly. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "./harness.ts";
import { runWasi } from "./wasi.ts";

/** Declares a test of a program of `zig build wasm`, which compares hashes or scalar twins. */
export function testProgram(name: string): void {
  test(name, async () => {
    const bytes = readFileSync(`zig-out/tests/wasm32/${name}.wasm`) as BufferSource;
    const { code, output } = await runWasi(bytes, ["mp3lame", "mp3augment"]);
    assert.match(output, /\b[1-9]\d* passed, 0 failed\s*$/);
    assert.equal(code, 0);
  });
}
