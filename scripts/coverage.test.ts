/** Coverage of what a program starts, by lines of the TypeScript. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../tests/harness.ts";
import { linesOfV8 } from "./coverage-v8.ts";
import { needTool } from "./tools.mjs";

const PROGRAM = `type Only = number;
const first: Only = process.argv.length;
export function used(): number {
  if (first === 3) {
    return 1;
  }
  return 2;
}
export function unused(): number {
  return 3;
}
used();
`;
const PARENT = `import { execFileSync } from "node:child_process";
execFileSync(process.execPath, [new URL("cli/program.js", import.meta.url).pathname]);
if (process.argv.length === 3) {
  execFileSync(process.execPath, [new URL("cli/program.js", import.meta.url).pathname, "one"]);
}
`;

test("what any process of a program has run counts, by the lines as they were written", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "mp3-augment-coverage-")));
  try {
    mkdirSync(join(folder, "cli"));
    writeFileSync(join(folder, "cli/program.ts"), PROGRAM);
    writeFileSync(join(folder, "parent.mjs"), PARENT);
    writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
    const options = "--ignoreConfig --noCheck --sourceMap --module esnext --target es2022";
    execFileSync(needTool("tsc"), [...options.split(" "), join(folder, "cli/program.ts")]);
    const notRun = (...args: string[]) => {
      const profile = join(folder, `profile${args.length}`);
      const env = { ...process.env, NODE_V8_COVERAGE: profile };
      execFileSync("node", [join(folder, "parent.mjs"), ...args], { env });
      const files = linesOfV8(profile, `${folder}/`);
      assert.deepEqual([...files.keys()], ["cli/program.ts"]);
      const lines = [...files.get("cli/program.ts") ?? []].sort(([a], [b]) => a - b);
      assert.deepEqual(lines.map(([line]) => line), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
      return lines.filter(([, ran]) => !ran).map(([line]) => line);
    };
    assert.deepEqual(notRun(), [5, 6, 10, 11]);
    assert.deepEqual(notRun("both"), [10, 11]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
