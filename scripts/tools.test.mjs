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

test("of programs that run at once, each one's lines come in one piece", async () => {
  const script = `import { keepOutput, run } from "./scripts/tools.mjs";
    const lines = (name) => run(process.execPath, ["-e",
      "let i = 0; setInterval(() => i++ < 5 ? console.log('" + name + "') : process.exit(), 20)",
    ], { show: true });
    await Promise.all([keepOutput(() => lines("a")), keepOutput(() => lines("b"))]);`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script]);
  assert.match(stdout.replaceAll("\n", ""), /^(a{5}b{5}|b{5}a{5})$/);
});

/** @param {string} more what the program does besides starting a child that holds its pipes */
function parent(more) {
  return `const { spawn } = require("child_process");
    const args = ["-e", "setTimeout(() => {}, 60000)"];
    console.log(spawn(process.execPath, args, { stdio: "inherit" }).pid); ${more}`;
}

/** @param {string} output which begins with its number */
async function isGone(output) {
  for (let i = 0; i < 500; i++) {
    try {
      process.kill(Number.parseInt(output), 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 20)); // until init has seen it off
  }
}

test("a program that hangs is ended, with its child", async () => {
  const { code, output } = await run(process.execPath, ["-e", parent("")], { timeoutMs: 500 });
  assert.equal(code, 1);
  assert.match(output, /was ended after its limit of 0\.5 s/);
  assert.ok(await isGone(output));
});

test("what a program leaves behind ends with it", async () => {
  const { code, output } = await run(process.execPath, ["-e", parent("process.exit(3)")]);
  assert.equal(code, 3);
  assert.ok(await isGone(output));
});

test("what a program at its limit has started by the same means ends, too", async () => {
  const tools = JSON.stringify(new URL("tools.mjs", import.meta.url));
  const child = JSON.stringify("console.log(process.pid); setTimeout(() => {}, 60000)");
  const script = `import { run } from ${tools};
    await run(process.execPath, ["-e", ${child}], { show: true });`;
  const args = ["--input-type=module", "-e", script];
  const { code, output } = await run(process.execPath, args, { timeoutMs: 3000 });
  assert.equal(code, 1, output);
  assert.match(output, /^\d+\n[^]* was ended after its limit of 3 s/);
  assert.ok(await isGone(output));
});

test("a program that doesn't end when told to is ended", async () => {
  const script = "process.on('SIGTERM', () => {}); setTimeout(() => {}, 60000)";
  const { code, output } = await run(process.execPath, ["-e", script], { timeoutMs: 1000 });
  assert.equal(code, 1);
  assert.match(output, /was ended after its limit of 1 s/);
});
