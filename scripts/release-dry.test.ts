// A release's archive for C, as its users get it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { copyLicences } from "./package.ts";
import { makeArchive, tryArchive } from "./release/archive.ts";
import { executables, hostExecutable, isExecutable } from "./release/executables.ts";
import { targets } from "./release/targets.mjs";

test("a ten-line program compiles against the archive and runs", async () => {
  const target = targets.find(({ name }) =>
    isExecutable(hostExecutable) && name === executables[hostExecutable]
  );
  assert.ok(target);
  const work = mkdtempSync(join(tmpdir(), "mp3-augment-archive-"));
  try {
    copyLicences();
    const archive = await makeArchive(target, join(work, "made"), work);
    await tryArchive(archive, target, join(work, "there"));
  } finally {
    rmSync(work, { recursive: true });
  }
});
