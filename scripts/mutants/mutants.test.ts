/** The mistakes themselves: that each is one, and that samples and tables are what they say. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../../tests/harness.ts";
import { root } from "../tools.mjs";
import { mutantsOf } from "./c-operators.ts";
import { isEquivalent, Judged, readEquivalents } from "./records.ts";
import {
  codeOf,
  type Mutant,
  mutated,
  type Result,
  roomOf,
  sample,
  survivorsOf,
  tableOf,
} from "./results.ts";
import { commandOf, suites } from "./suites.ts";

/** What becomes of a line of C by each mistake. */
function changed(code: string): string[] {
  return mutantsOf(code).map(({ offset, from, to }) => {
    assert.equal(code.slice(offset, offset + from.length), from);
    return code.slice(0, offset) + to + code.slice(offset + from.length);
  });
}

test("C: operators, limits, numbers, conditions and statements", () => {
  assert.deepEqual(changed("int f(void) { return a < b; }"), [
    "int f(void) { return a <= b; }",
    "int f(void) { return a >= b; }",
  ]);
  assert.deepEqual(changed("x = -a - 0x1f;"), [
    "x =  a - 0x1f;",
    "x = -a + 0x1f;",
    "x = -a - (0x1f + 1);",
  ]);
  assert.deepEqual(changed("  if (!ready) return 1;"), [
    "  if ( ready) return 1;",
    "  if (!ready) return 2;",
    "  if (!ready) return 0;",
    "  ;",
    "  if (1) return 1;",
    "  if (0) return 1;",
  ]);
  assert.deepEqual(changed("  call(a, b);\n"), ["  ;\n"]);
  assert.deepEqual(changed("  call(a,\n       b);\n"), ["  ;\n"]);
  assert.deepEqual(changed("y = 1.5e-3f;"), ["y = (1.5e-3f * 1.5f);"]);
});

test("C: nothing in comments, strings, the preprocessor, declarations of pointers and casts", () => {
  for (
    const code of [
      "/* a < b + 1 */",
      "// a < b",
      'char text[] = "1 < 2";',
      "#define LESS(a, b) \\\n  ((a) < (b))\n",
      "  const float *samples;\n",
      "  x = (uint8_t *)bytes;",
      "  int32_t value;\n",
    ]
  ) assert.deepEqual(changed(code), code.startsWith("  x") ? ["  ;"] : [], code);
});

test("a sample is the same for a seed, of each room, and others for another seed", () => {
  const all = ["csrc/common/a.c", "src/b.ts", "cli/audio/c.ts"].flatMap((file) =>
    Array.from({ length: 50 }, (_, id) => ({ file, id }))
  );
  const drawn = sample(7, 1)(all);
  assert.deepEqual(drawn, sample(7, 1)(all));
  assert.notDeepEqual(drawn, sample(7, 2)(all));
  const counts = Map.groupBy(drawn, ({ file }) => roomOf(file));
  assert.deepEqual([...counts].map(([room, own]) => [room, own.length]), [
    ["common", 7],
    ["src", 7],
    ["cli/audio", 7],
  ]);
  assert.equal(new Set(drawn.map(({ file, id }) => `${file}${id}`)).size, 21);
});

test("the table counts what was noticed of what can be", () => {
  const result = (state: Result["state"], line: number): Result => ({
    file: "csrc/lame/a.c",
    line,
    code: "a ⟦<⟧ b",
    to: "<=",
    state,
  });
  const results = [
    result("survived", 9),
    ...Array.from({ length: 8 }, () => result("noticed", 1)),
    result("nothing runs it", 3),
    result("equivalent", 4),
    result("the same code", 4),
    result("doesn't compile", 5),
  ];
  assert.match(tableOf(results), /\| lame +\| +8 \| +2 \| +1 \| +1 \| +1 \| +80 % \|/);
  assert.equal(
    survivorsOf(results),
    "csrc/lame/a.c:3: a ⟦<⟧ b → <= (nothing runs it)\ncsrc/lame/a.c:9: a ⟦<⟧ b → <= (survived)",
  );
});

test("suites name specs that exist, and every file has one", () => {
  for (const spec of suites.flatMap(([, specs]) => specs)) {
    const path = commandOf(spec)[1].find((arg) => arg.includes("tests/")) ?? "";
    const [folder = "", name = ""] = path.replace("./", "").replace("dist/node/", "")
      .replace(/\.js$/, ".ts").split(/\/(?=[^/]*$)/);
    assert.ok(readdirSync(join(root, folder)).includes(name), spec);
  }
  for (const file of ["src/jobs.ts", "ffi/guard.ts", "cli/main.ts", "cli/dataset/run.ts"]) {
    assert.ok(suites.some(([pattern]) => pattern.test(file)), file);
  }
});

test("what is listed as equivalent is a line that is still there, with a reason", () => {
  for (const { file, code, to, why } of readEquivalents()) {
    const lines = readFileSync(join(root, file), "utf8").split("\n").map((line) => line.trim());
    const line = code.replace("⟦", "").replace("⟧", "");
    assert.ok(lines.some((known) => known.startsWith(line)), `${file}: ${code}`);
    assert.ok(why.length > 10 && !code.includes(`⟦${to}⟧`), code);
  }
});

test("who was noticed is known in the next run, until the file changes; who survived is not", () => {
  const folder = mkdtempSync(join(tmpdir(), "mp3-augment-mutants-"));
  try {
    const path = join(folder, "judged.jsonl");
    const mutant: Mutant = { file: "src/a.ts", line: 2, offset: 6, from: "<", to: "<=" };
    const text = "a;\nb  < c;\nd;\n";
    assert.equal(codeOf(text, mutant), "b  ⟦<⟧ c;");
    assert.equal(mutated(text, mutant), "a;\nb  <= c;\nd;\n");
    new Judged(path, false).keep(text, mutant, { state: "noticed", by: "a test" });
    new Judged(path, false).keep(text, { ...mutant, to: ">" }, { state: "survived" });
    const next = new Judged(path, false);
    assert.deepEqual(next.find(text, mutant), { state: "noticed", by: "a test" });
    assert.equal(next.find(text, { ...mutant, to: ">" }), undefined);
    assert.equal(next.find(`${text} `, mutant), undefined);
    assert.equal(new Judged(path, true).find(text, mutant), undefined);
    const equivalent = { file: mutant.file, code: "b  ⟦<⟧ c;", to: "<=", why: "c is never b" };
    assert.ok(isEquivalent([equivalent], text, mutant));
    assert.ok(!isEquivalent([equivalent], text, { ...mutant, to: ">" }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
