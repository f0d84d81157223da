import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "../tests/harness.ts";
import { needTool, root, run } from "../scripts/tools.mjs";

test("the first call is measured in both runtimes", async () => {
  const path = join(root, "bench", "first-call.ts");
  const { code, output } = await run(needTool("bun"), [path, "--rounds", "2"]);
  assert.equal(code, 0, output);
  for (const runtime of ["Deno", "Bun"]) {
    const row = output.split("\n").find((line) => line.startsWith(`| ${runtime} `)) ?? "";
    const cells = row.split("|").slice(2, -1);
    assert.equal(cells.length, 3, output);
    for (const cell of cells) assert.match(cell, /^ +-?\d+\.\d \(-?\d+\.\d–-?\d+\.\d\) $/);
    assert.ok(Number.parseFloat(cells[0] ?? "") > 0, row);
  }
});
