import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { countJunit, countLines, judge } from "./test.mjs";
import { root } from "./tools.mjs";

test("a JUnit report counts each test once", () => {
  const xml = `<testsuites><testsuite name="a">
    <testcase name="x > y / z" time="1"/>
    <testcase name="quiet"></testcase>
    <testcase name="wrong"><failure message="no">1 &lt; 0</failure></testcase>
    <testcase name="broken"><error message="no"/></testcase>
    <testsuite><testcase name="left out"><skipped/></testcase></testsuite>
  </testsuite></testsuites>`;
  assert.deepEqual(countJunit(xml), { passed: 2, failed: 2 });
  assert.deepEqual(countJunit(""), { passed: 0, failed: 0 });
});

test("the lines of several C programs add up", () => {
  const output = "ring: 3 passed, 0 failed\nnoise\n10 passed, 2 failed\n";
  assert.deepEqual(countLines(output), { passed: 13, failed: 2 });
});

test("a crash or a run without tests is a failure", () => {
  assert.deepEqual(judge(0, { passed: 3, failed: 0 }), { passed: 3, failed: 0 });
  assert.deepEqual(judge(1, { passed: 3, failed: 2 }), { passed: 3, failed: 2 });
  assert.deepEqual(judge(134, { passed: 3, failed: 0 }), { passed: 3, failed: 1 });
  assert.deepEqual(judge(0, { passed: 0, failed: 0 }), { passed: 0, failed: 1 });
});

test("both registries get the same version", () => {
  const [npm, jsr] = ["package.json", "deno.json"].map((name) =>
    JSON.parse(readFileSync(join(root, name), "utf8"))
  );
  assert.equal(npm.version, jsr.version);
  assert.equal(npm.license, jsr.license);
});
