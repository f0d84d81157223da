/** docs/faults.md: each row names tests that there are. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { projectPath, test } from "../harness.ts";

test("each row of the table of faults names its tests", () => {
  const rows = readFileSync(projectPath("docs/faults.md"), "utf8").split("\n")
    .filter((line) => line.startsWith("| ")).slice(2);
  assert.ok(rows.length > 10);
  for (const row of rows) {
    const cell = row.split("|").at(-2) as string;
    const files = [...cell.matchAll(/`([\w-]+\.test\.ts)`(?:: ((?:"[^"]+"(?:, )?)+))?/g)];
    assert.ok(files.length > 0, row);
    for (const [, file, quoted = ""] of files) {
      const text = readFileSync(projectPath(`tests/command/${file}`), "utf8");
      for (const [, name = ""] of quoted.matchAll(/"([^"]+)"/g)) {
        for (const part of name.split("…")) {
          assert.ok(text.includes(part.trim()), `${file}: ${name}`);
        }
      }
    }
  }
});
