// `npm run test:targets`: builds all eight targets, checks their headers, runs the C tests and loads
// the libraries wherever that works, and writes what came out to docs/targets.md. `-- NAME ...` does
// these targets alone, and writes nothing.
import { readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { checkTarget, zigBuild } from "./check-release.mjs";
import { fetchSources } from "./fetch-sources.mjs";
import { forAll } from "./mutants/c-build.ts";
import { installInspector } from "./release/inspect.mjs";
import { findRunner, type Runner } from "./release/runners.ts";
import { libraryPaths, type Target, targets } from "./release/targets.mjs";
import { countLines } from "./test.mjs";
import { Failure, needTool, root, run, runAsProgram } from "./tools.mjs";

interface Counts {
  passed: number;
  failed: number;
}

/** One line of the table. */
interface Row {
  target: Target;
  /** Of the files themselves. */
  problems: string[];
  byteSize: number;
  /** What ran the programs, or why nothing did. */
  by: string;
  result?: { loads: boolean; roundTrips: boolean; sameHash: boolean; tests: Counts };
}

/** Under qemu the longest takes some two minutes of one core, 50 times what it takes here. */
const PROGRAM_TIMEOUT_MS = 15 * 60_000;
const MINUTE_MS = 60_000;

/** @param files paths that it gets as arguments */
async function runProgram(runner: Runner, program: string, files: string[] = []) {
  const [command = "", ...args] = [...runner.command, program, ...files.map(runner.toGuest)];
  const name = basename(program), begin = Date.now();
  const seconds = () => Math.round((Date.now() - begin) / 1000);
  const timer = setInterval(() => console.log(`  ${name}: running for ${seconds()} s`), MINUTE_MS);
  const { code, output } = await run(command, args, {
    env: runner.env,
    timeoutMs: PROGRAM_TIMEOUT_MS,
  });
  clearInterval(timer);
  const counts = countLines(output);
  const isUncounted = counts.passed + counts.failed === 0 || (code !== 0 && counts.failed === 0);
  const failed = counts.failed + (isUncounted ? 1 : 0);
  if (code !== 0) console.error(`${name}:\n${output.slice(-3000)}`);
  console.log(`  ${name}: ${counts.passed} passed, ${failed} failed, ${seconds()} s`);
  return { output, isUncounted, passed: counts.passed, failed };
}

async function runPrograms(target: Target, runner: Runner) {
  await zigBuild("test-programs", `-Dtarget=${target.zig}`);
  const folder = join(root, "zig-out", "tests", target.name);
  const programs = readdirSync(folder).filter((name) => /^(test|check)_\w+(\.exe)?$/.test(name));
  const { lame, shim } = libraryPaths(target);
  const tests = { passed: 0, failed: 0 };
  let loads = false, roundTrips = false, sameHash = false;
  await forAll(programs.sort(), async (name) => {
    const isLibrary = name.startsWith("check_library");
    const result = await runProgram(runner, join(folder, name), isLibrary ? [lame, shim] : []);
    tests.passed += result.passed;
    tests.failed += result.failed;
    if (!isLibrary) return;
    loads = !result.isUncounted;
    roundTrips = loads && !/status (-?\d+)$/m.test(result.output);
    sameHash = loads && !/: 0x[0-9a-f]{16}$/m.test(result.output);
  });
  return { loads, roundTrips, sameHash, tests };
}

async function testTarget(target: Target): Promise<Row> {
  console.log(target.name);
  const { problems, byteSize } = await checkTarget(target);
  problems.forEach((text) => console.error(`  failed: ${text}`));
  const runner = await findRunner(target.name);
  if (typeof runner === "string") return { target, problems, byteSize, by: runner };
  const result = await runPrograms(target, runner);
  return { target, problems, byteSize, by: runner.by, result };
}

function isGood({ problems, result }: Row) {
  const ran = !result ||
    (result.loads && result.roundTrips && result.sameHash && result.tests.failed === 0);
  return problems.length === 0 && ran;
}

function table(rows: Row[]) {
  const yes = (value: boolean | undefined) => value === undefined ? "–" : value ? "yes" : "**no**";
  const lines = rows.map(({ target, problems, byteSize, by, result }) => [
    `\`${target.name}\``,
    yes(problems.length === 0),
    yes(result?.loads),
    yes(result?.roundTrips),
    yes(result?.sameHash),
    result ? `${result.tests.passed} passed, ${result.tests.failed} failed` : "–",
    (byteSize / 1000).toFixed(0),
    by,
  ]);
  const head = [
    ...["target", "built, headers right", "loads", "round trip passes", "same hash"],
    ...["C tests", "size, KB", "run by"],
  ];
  const cells = [head, head.map(() => "---"), ...lines];
  return cells.map((line) => `| ${line.join(" | ")} |`).join("\n");
}

function page(rows: Row[]) {
  return `# The eight targets

Written by \`npm run test:targets\`, which builds both libraries of every target by
\`zig build release\` on one machine and then tests them.

${table(rows)}

- **Built, headers right**: format, processor, oldest system (glibc 2.17, macOS 11), no library
  needed but those of the system, exactly the public functions exported, names by which each finds
  the other, no path of the machine that built them, at most 600 KB together
  (\`node scripts/check-release.mjs\`; \`--reproduce\` builds them again in another folder and
  compares the bytes).
- **Loads, round trip passes, same hash**: \`csrc/tests/check_library.c\` opens the two files of
  \`lib/\`, encodes 20 clips by LAME's API (constant, average and variable bitrate, joint stereo, bit
  reservoir, resampling), decodes them, and makes 45 round trips. The hashes of all bytes and samples
  are those of a stock LAME on x86-64 Linux.
- **C tests**: the programs of \`zig build test\`, with every kernel of that processor against its
  scalar twin, and hashes of LAME's tables.
- Nothing on Linux runs macOS' or Arm Windows' programs: there the headers are checked.

## Why the bits are equal

LAME's tables come from \`pow\`, \`exp\`, \`log\` and the like, and some settings call them for every
frame. Each C library rounds them in its own way, so ours are built in: \`pow\` and \`powf\` from the
copy of musl that comes with Zig (the algorithm of glibc), the others in
\`csrc/lame/math/portable_math.c\`. LAME's one other difference, the largest float that it uses as "no
threshold" on Windows, is set in \`csrc/lame/platform.h\`. The decoder uses no such function.
`;
}

await runAsProgram(import.meta.url, async (names) => {
  const wanted = targets.filter(({ name }) => names.length === 0 || names.includes(name));
  if (wanted.length < names.length) {
    throw new Failure(`the targets are ${targets.map(({ name }) => name).join(", ")}`);
  }
  await fetchSources();
  const missing = await installInspector();
  if (missing) throw new Failure(`the libraries can't be inspected: ${missing}`);
  if (names.length === 0) await zigBuild("release");
  for (const { zig } of names.length === 0 ? [] : wanted) await zigBuild(`-Dtarget=${zig}`);
  const rows = [];
  for (const target of wanted) rows.push(await testTarget(target));
  if (names.length === 0) {
    writeFileSync(join(root, "docs/targets.md"), page(rows));
    await run(needTool("deno"), ["fmt", "--quiet", "docs/targets.md"]);
  }
  console.log(table(rows));
  const failed = rows.filter((row) => !isGood(row)).length;
  console.log(`${rows.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});
