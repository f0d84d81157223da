import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { Failure, findTool, needTool, run } from "./tools.mjs";

test("the tools of package.json are found", async () => {
  for (
    const [tool = "", ...args] of [["zig", "version"], ["deno", "-V"], ["bun", "-v"], ["tsc", "-v"]]
  ) {
    const { code, stdout } = await run(needTool(tool), args);
    assert.equal(code, 0);
    assert.match(stdout, /\d+\.\d+/);
  }
});

test("a missing tool is told plainly", async () => {
  assert.equal(findTool("no-such-tool"), undefined);
  assert.throws(
    () => needTool("no-such-tool"),
    /neither in node_modules nor on PATH: run `npm ci`/,
  );
  await assert.rejects(run("no-such-tool", []), Failure);
});

test("what a program prints and its code come back", async () => {
  const script = "console.log('out'); console.error('err'); process.exit(3)";
  const { code, output, stdout } = await run(process.execPath, ["-e", script]);
  assert.deepEqual([code, stdout], [3, "out\n"]);
  assert.deepEqual(output.split("\n").sort(), ["", "err", "out"]);
});

test("a program that hangs is ended, even if its child holds the pipes", async () => {
  const child = "setTimeout(() => {}, 3000)";
  const script =
    `require("child_process").spawn(process.execPath, ["-e", "${child}"], { stdio: "inherit" })`;
  const start = performance.now();
  const { code, output } = await run(process.execPath, ["-e", script], { timeoutMs: 500 });
  assert.ok(performance.now() - start < 2500);
  assert.equal(code, 1);
  assert.match(output, /was ended by SIGTERM/);
});
