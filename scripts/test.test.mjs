import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { countJunit, countLines, judge, sum } from "./test.mjs";
import { root } from "./tools.mjs";

test("a JUnit report counts each test once", () => {
  const xml = `<testsuites><testsuite name="a">
    <testcase name="x > y / z" time="1"/>
    <testcase name="quiet"></testcase>
    <testcase name="wrong"><failure message="no">1 &lt; 0</failure></testcase>
    <testcase name="broken"><error message="no"/></testcase>
    <testsuite><testcase name="&quot;left&quot; out"><skipped type="x" message="no cargo\\nhere"/></testcase></testsuite>
  </testsuite></testsuites>`;
  assert.deepEqual(countJunit(xml), { passed: 2, failed: 2, skipped: ['"left" out: no cargo'] });
  assert.deepEqual(countJunit(""), sum());
});

test("the lines of several C programs add up", () => {
  const output = "ring: 3 passed, 0 failed\nnoise\n10 passed, 2 failed\n";
  assert.deepEqual(countLines(output), sum({ passed: 13, failed: 2 }));
});

test("a crash or a run without tests is a failure", () => {
  /** @type {(code: number, passed: number, failed: number, skipped?: string[]) => number[]} */
  const judged = (code, passed, failed, skipped = []) => {
    const counts = judge(code, { passed, failed, skipped });
    return [counts.passed, counts.failed];
  };
  assert.deepEqual(judged(0, 3, 0), [3, 0]);
  assert.deepEqual(judged(1, 3, 2), [3, 2]);
  assert.deepEqual(judged(134, 3, 0), [3, 1]);
  assert.deepEqual(judged(0, 0, 0), [0, 1]);
  assert.deepEqual(judged(0, 0, 0, ["why"]), [0, 0]);
});

test("both registries get the same version", () => {
  const [npm, jsr] = ["package.json", "deno.json"].map((name) =>
    JSON.parse(readFileSync(join(root, name), "utf8"))
  );
  assert.equal(npm.version, jsr.version);
  assert.equal(npm.license, jsr.license);
});
