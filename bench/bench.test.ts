import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../tests/harness.ts";
import { needTool, root, run } from "../scripts/tools.mjs";

const main = join(root, "bench", "main.ts");

test("a quick run measures every form of this module, and all give the same samples", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mp3-augment-bench-test-"));
  try {
    const json = join(folder, "result.json");
    const { code, output } = await run(needTool("bun"), [
      main,
      "--quick",
      "--json",
      json,
    ]);
    assert.equal(code, 0, output);
    const { cases, memoryBytes } = JSON.parse(readFileSync(json, "utf8"));
    assert.equal(cases.length, 2);
    const ours = ["Deno sync", "Deno async", "Bun sync", "Bun async"].map((
      form,
    ) => `this module: ${form}`);
    for (const { clip, peers } of cases) {
      const hashes = ours.map((name) => peers[name].outputHash);
      assert.equal(new Set(hashes).size, 1, clip.name);
      for (const name of ours) {
        assert.ok(peers[name].rounds.length > 0);
        assert.ok(
          peers[name].rounds.every((round: { wallSeconds: number }) => round.wallSeconds > 0),
        );
      }
    }
    assert.deepEqual(ours.filter((name) => !(name in memoryBytes)), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("wrong options get a plain message", async () => {
  for (const args of [["--kbps", "high"], ["--fast"], ["--rounds", "1.5"]]) {
    const { code, output } = await run(needTool("bun"), [main, ...args]);
    assert.equal(code, 1);
    assert.match(output, /^error: .+$/m);
    assert.doesNotMatch(output, /\n\s+at /);
  }
});
