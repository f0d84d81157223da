/** Libraries that would end the process that opens them, or are of another release. */
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
