// A release's archive for C, as its users get it.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { copyLicences } from "./package.ts";
import { makeArchive } from "./release-dry.ts";
import { executables, hostExecutable, isExecutable } from "./release/executables.ts";
import { targets } from "./release/targets.mjs";
import { findOnPath, needTool, run } from "./tools.mjs";

const PROGRAM = `#include <mp3augment.h>
#include <stdio.h>
int main(void) {
  static float samples[48000];
  mp3a_options options = {.struct_byte_size = sizeof options, .sample_rate_hz = 48000,
                          .bitrate_kbps = 64, .quality = 7, .channel_count = 1};
  samples[24000] = 1;
  int32_t status = mp3a_roundtrip(&options, samples, NULL, 48000, samples, NULL, 48000, NULL);
  printf("%s %d", mp3a_status_message(status), samples[24000] > 0.3f);
  return status;
}
`;

test("a ten-line program compiles against the archive and runs", async () => {
  const target = targets.find(({ name }) =>
    isExecutable(hostExecutable) && name === executables[hostExecutable]
  );
  assert.ok(target);
  const work = mkdtempSync(join(tmpdir(), "mp3-augment-archive-"));
  try {
    copyLicences();
    const archive = await makeArchive(target, join(work, "made"), work);
    const there = join(work, "there");
    mkdirSync(there);
    const unpacked = await run("tar", ["xzf", archive, "--strip-components=1", "-C", there]);
    assert.equal(unpacked.code, 0, unpacked.output);
    writeFileSync(join(there, "program.c"), PROGRAM);
    const program = join(there, "program");
    const lib = join(there, "lib");
    const gcc = findOnPath("gcc");
    const built = await run(gcc ?? needTool("zig"), [
      ...gcc ? [] : ["cc"],
      ...[join(there, "program.c"), "-o", program, `-I${join(there, "include")}`],
      ...[`-L${lib}`, "-lmp3augment", `-Wl,-rpath,${lib}`],
    ]);
    assert.equal(built.code, 0, built.output);
    const { code, stdout } = await run(program, []);
    assert.equal(code, 0);
    assert.match(stdout, / 1$/);
  } finally {
    rmSync(work, { recursive: true });
  }
});
