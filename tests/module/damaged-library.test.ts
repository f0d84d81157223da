/** Libraries that would end the process that opens them, or are of another release. */
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ABI_VERSION } from "../../ffi/symbols.ts";
import { fileNames } from "../../ffi/target.ts";
import { library } from "../../src/native.ts";
import { projectPath, runScript, test } from "../harness.ts";

const LOAD = projectPath("tests/scripts/load.ts");
const { folder: libraryFolder, runtime } = library();
const platform = runtime.platform();
assert.ok(platform);
const names = fileNames(platform);

if (platform.os === "linux") {
  test("a library that is cut off, or none, is refused before it is opened", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mp3-augment-damaged-"));
    try {
      const env = { MP3_AUGMENT_LIB: folder };
      for (const damaged of [names.lame, names.shim]) {
        const copy = () => {
          for (const name of [names.lame, names.shim]) {
            copyFileSync(join(libraryFolder, name), join(folder, name));
          }
        };
        const bytes = Uint8Array.from(readFileSync(join(libraryFolder, damaged)));
        const otherMachine = bytes.slice();
        otherMachine[18] = 3;
        const wrong: [Uint8Array, RegExp][] = [
          ...[0, 10, 63].map((size) => [bytes.subarray(0, size), /no 64-bit ELF/] as const),
          ...[64, 300, 5000, bytes.length >> 1, bytes.length - 1].map((size) =>
            [bytes.subarray(0, size), new RegExp(`cut off: it has ${size} bytes of`)] as const
          ),
          [new TextEncoder().encode("GROUP ( libmp3lame.so )".repeat(9)), /no 64-bit ELF/],
          [otherMachine, /not made for/],
        ] as [Uint8Array, RegExp][];
        for (const [content, message] of wrong) {
          copy();
          writeFileSync(join(folder, damaged), content);
          const { code, stdout } = await runScript(LOAD, ["--allow-all"], { env });
          assert.equal(code, 0);
          assert.match(stdout, /^LIBRARY_INCOMPATIBLE /);
          assert.match(stdout, message);
          assert.ok(stdout.includes(join(folder, damaged)));
        }
        copy();
      }
      const shim = readFileSync(join(libraryFolder, names.shim), "latin1");
      const older = shim.replaceAll("mp3a_encode_stream_tag", "mp3a_encode_stream_tog");
      writeFileSync(join(folder, names.shim), older, "latin1");
      const { stdout: refused } = await runScript(LOAD, ["--allow-all"], { env });
      assert.match(refused, /^LIBRARY_INCOMPATIBLE .* from the same release/);
      writeFileSync(join(folder, names.shim), shim, "latin1");
      const { stdout } = await runScript(LOAD, ["--allow-all"], { env });
      assert.equal(stdout, "loaded 100\n");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

/** `mp3a_abi_version` as a compiler writes it: a number into the first register, and back. */
function abiCode(version: number): Uint8Array {
  if (platform?.arch === "x86_64") return Uint8Array.of(0xb8, version, 0, 0, 0, 0xc3);
  const move = 0x52800000 | version << 5;
  return Uint8Array.of(move, move >> 8, move >> 16, move >> 24, 0xc0, 0x03, 0x5f, 0xd6);
}

if (platform.os === "linux") {
  test("a library of an older or newer version is refused", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mp3-augment-version-"));
    try {
      const shim = readFileSync(join(libraryFolder, names.shim));
      const at = shim.indexOf(abiCode(ABI_VERSION));
      assert.ok(at > 0 && shim.indexOf(abiCode(ABI_VERSION), at + 1) < 0, "one function is so");
      copyFileSync(join(libraryFolder, names.lame), join(folder, names.lame));
      for (const version of [ABI_VERSION - 1, ABI_VERSION + 1]) {
        shim.set(abiCode(version), at);
        writeFileSync(join(folder, names.shim), shim);
        const env = { MP3_AUGMENT_LIB: folder };
        const { stdout } = await runScript(LOAD, ["--allow-all"], { env });
        assert.match(stdout, /^LIBRARY_INCOMPATIBLE .* from the same release/);
        assert.ok(stdout.includes(`has ABI version ${version}, this module needs ${ABI_VERSION}`));
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
