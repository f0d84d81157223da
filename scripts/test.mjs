// `npm test`: set-up, then every check and test of the project in turn. The last line is the sum
// of all of them, "N passed, N failed". `--only c,deno` runs just the steps of these names.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { buildAndCheck, QUICK_TARGETS } from "./check-release.mjs";
import { findBrowser } from "./run-page.mjs";
import { installInspector } from "./release/inspect.mjs";
import { buildForNode } from "./build-node.mjs";
import { findNode } from "./nodes.mjs";
import { setUp } from "./setup.mjs";
import { testWasm } from "./test-wasm.mjs";
import {
  Failure,
  findChromium,
  findOnPath,
  installPackages,
  keepOutput,
  needTool,
  print,
  root,
  run,
  runAsProgram,
} from "./tools.mjs";

/**
 * @typedef {{ passed: number, failed: number, skipped: string[] }} Counts
 *   of test cases; `skipped`: what was left out, and why
 * @typedef {(work: string, isNamed: boolean) => Promise<Counts>} Step `work`: a temporary folder;
 *   `isNamed`: it was asked for by name, so that it may take longer
 */

const DENO_PERMISSIONS = ["ffi", "read", "write", "env", "run", "sys", "net=127.0.0.1"].map((
  name,
) => `--allow-${name}`);

/** Far longer than any step takes: a hang shall end as a failure. */
const STEP_TIMEOUT_MS = 10 * 60_000;
const shown = { show: true, timeoutMs: STEP_TIMEOUT_MS };

/** @type {Record<string, Step>} */
export const steps = {
  "deno-check": () => check("deno", ["check", "."]),
  lint: () => check("deno", ["lint"]),
  fmt: () => check("deno", ["fmt", "--check"]),
  tsc: () => check("tsc", ["--noEmit"]),
  docs: () => check("deno", ["doc", "--lint", "mod.ts", "transform.ts", "wasm.ts"]),
  publish: () => check("deno", ["publish", "--dry-run", "--allow-dirty"]),
  workflows: checkWorkflows,
  scripts: testScripts,
  report: testReport,
  c: () => testC("test"),
  bytes: () => testC("test-bytes", ["--", "--wav", "node_modules/audio-lena/lena.wav"]),
  ubsan: () => testC("test-ubsan"),
  tsan: () => testC("test-tsan"),
  asan: (work) => testWithAddressSanitizer(work, "test-asan", 2),
  fuzz: (work) => testWithAddressSanitizer(work, "fuzz", 1),
  library: () => testC("test-library"),
  peers: testPeers,
  targets: testTargets,
  wasm: testInWasm,
  deno: (work) => {
    const report = join(work, "deno.xml");
    const args = ["test", "--no-check", ...DENO_PERMISSIONS, `--junit-path=${report}`, "tests/"];
    return runTests(needTool("deno"), args, report);
  },
  bun: (work) => testByBun(join(work, "bun.xml"), ...foldersOf("tests", PAGES)),
  node: async (work) => {
    await buildSpecsForNode();
    return testByNode(join(work, "node.xml"), ...NODE_SPECS);
  },
  node22: (work, isNamed) => testByAnotherNode(work, 22, isNamed),
  node24: (work, isNamed) => testByAnotherNode(work, 24, isNamed),
  node26: (work, isNamed) => testByAnotherNode(work, 26, isNamed),
};

/** What runs by name alone: 24 has nothing that 22 and 26 don't have. */
const ONLY_NAMED = ["node24"];

/** The pages in browsers: the step "report" runs these, and no other. */
const PAGES = "tests/browser";

/**
 * @param {string} folder
 * @param {string} without one of its folders
 */
function foldersOf(folder, without) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory()).map(({ name }) => `${folder}/${name}`)
    .filter((path) => path !== without);
}

/** @type {Promise<void> | undefined} */
let specsForNode;

/** Builds them once for all versions. */
function buildSpecsForNode() {
  return specsForNode ??= buildForNode({ tests: true });
}

const NODE_SPECS = ["dist/node/tests/module", "dist/node/tests/command"];

/** Of the command's specs, those that use most of the module; the step `node` has run all of them. */
const CORE_COMMANDS = ["aiff", "cli", "report", "tar", "wav"]
  .map((name) => `dist/node/tests/command/${name}.test.js`);

/**
 * The specs by the newest Node of this major version, which the npm package `node` brings: 22 opens
 * the libraries by koffi, 26 by itself. By name it runs all of the command's specs.
 * @param {string} work
 * @param {number} major
 * @param {boolean} isNamed
 * @returns {Promise<Counts>}
 */
async function testByAnotherNode(work, major, isNamed) {
  const node = await findNode(major);
  if (!node) return skip(`npm can't install a node@${major} that runs here`);
  await buildSpecsForNode();
  const specs = isNamed ? NODE_SPECS : ["dist/node/tests/module", ...CORE_COMMANDS];
  return runByNode(node, join(work, `node${major}.xml`), ...specs);
}

/**
 * A step that either holds or doesn't.
 * @param {string} tool
 * @param {string[]} args
 * @returns {Promise<Counts>}
 */
async function check(tool, args) {
  const { code } = await run(needTool(tool), args, shown);
  return sum({ passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 });
}

/** @type {Step} */
async function checkWorkflows() {
  const go = findOnPath("go");
  if (!go) return skip("Go is not installed, which actionlint is run by");
  const actionlint = ["run", "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"];
  const { code: missing } = await run(go, [...actionlint, "-version"], shown);
  if (missing) return skip("Go can't fetch and build actionlint here");
  const folder = join(root, ".github", "workflows");
  const files = readdirSync(folder).map((name) => join(folder, name));
  // The same result everywhere, whatever else is installed.
  const { code } = await run(go, [...actionlint, "-shellcheck=", "-pyflakes=", ...files], shown);
  return judge(code, sum({ passed: code === 0 ? files.length : 0 }));
}

/** @type {Step} */
async function testScripts(work) {
  return sum(
    await testByNode(join(work, "set-up.xml"), "scripts"),
    await testByBun(join(work, "scripts.xml"), "scripts", "bench", "demo", "examples"),
  );
}

/**
 * What isn't ours: ffmpeg, mpg123, sox and LAME's command line.
 * @type {Step}
 */
async function testPeers() {
  const commands = ["ffmpeg", "ffprobe", "mpg123", "sox", "lame"];
  const isLacking = () => commands.some((name) => !findOnPath(name));
  const packages = ["ffmpeg", "mpg123", "sox", "libsox-fmt-mp3", "lame"];
  if (isLacking()) await installPackages(`not all of ${commands} are here`, packages);
  if (isLacking()) return skip(`not all of ${commands.join(", ")} are installed`);
  const byDeno = async (/** @type {string} */ script) => {
    const path = `tests/peers/${script}.ts`;
    const { code, output } = await run(needTool("deno"), ["run", "-A", "--no-check", path], shown);
    return judge(code, countLines(output));
  };
  return sum(await byDeno("files"), await byDeno("lame"));
}

/**
 * The pages need browsers. Without a Firefox its test is skipped.
 * @type {Step}
 */
async function testReport(work) {
  await installBrowsers();
  if (!findChromium()) return skip("there is no Chromium here");
  return await testByBun(join(work, "report.xml"), PAGES);
}

async function installBrowsers() {
  const lacks = ["chromium", "firefox"].filter((name) => !findBrowser(name));
  const packages = lacks.map((name) => name === "firefox" ? "firefox-esr" : name);
  if (lacks.length > 0) await installPackages(`there is no ${lacks.join(" and no ")}`, packages);
}

/**
 * The module's specs against WebAssembly, in the runtimes and in browsers, and the page with Vite.
 * @type {Step}
 */
async function testInWasm(work) {
  await installBrowsers();
  let counts = sum();
  await testWasm((host, output) => {
    counts = sum(counts, output ? judge(0, countLines(output)) : skip(`${host} is not installed`));
  });
  return sum(counts, await testByNode(join(work, "vite.xml"), "examples/vite"));
}

/**
 * @param {string} report where Node's runner writes what it found
 * @param {string[]} folders with `*.test.mjs`
 * @returns {Promise<Counts>}
 */
async function testByNode(report, ...folders) {
  const node = process.versions.deno || process.versions.bun
    ? findOnPath("node")
    : process.execPath;
  if (!node) return skip("Node is not installed");
  return await runByNode(node, report, ...folders);
}

/**
 * @param {string} node
 * @param {string} report
 * @param {string[]} places folders, or files
 */
async function runByNode(node, report, ...places) {
  const reporters = ["spec", "stdout", "junit", report].map((value, index) =>
    `--test-reporter${index % 2 ? "-destination" : ""}=${value}`
  );
  const files = places.flatMap((place) =>
    place.endsWith(".js") ? place : findFiles([place], /\.test\.m?js$/)
  );
  return await runTests(node, ["--test", ...reporters, ...files], report);
}

/**
 * @param {string} report where Bun's runner writes what it found
 * @param {string[]} folders with `*.test.ts`
 */
function testByBun(report, ...folders) {
  const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
  const files = findFiles(folders, /\.test\.ts$/).map((file) => `./${file}`);
  return runTests(needTool("bun"), ["test", "--timeout=600000", ...reporter, ...files], report);
}

/**
 * @param {string[]} folders
 * @param {RegExp} pattern
 * @returns {string[]} paths from the root
 */
function findFiles(folders, pattern) {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        return /node_modules|^\./.test(entry.name) ? [] : findFiles([path], pattern);
      }
      return pattern.test(path) ? [path] : [];
    })
  );
}

/**
 * Runs a test runner that writes a JUnit report.
 * @param {string} command
 * @param {string[]} args
 * @param {string} report
 */
async function runTests(command, args, report) {
  const { code } = await run(command, args, shown);
  return judge(code, countJunit(existsSync(report) ? readFileSync(report, "utf8") : ""));
}

/**
 * Every C test program ends with "N passed, N failed".
 * @param {string} step of build.zig
 * @param {string[]} [options]
 */
async function testC(step, options = []) {
  const { code, output } = await run(needTool("zig"), ["build", step, ...options], shown);
  return judge(code, countLines(output));
}

/**
 * A crash counts as a failure even if nobody counted it, and so does a step that ran no test.
 * @param {number} code
 * @param {Counts} counts
 * @returns {Counts}
 */
export function judge(code, counts) {
  const ranNone = counts.passed === 0 && counts.skipped.length === 0;
  const uncounted = counts.failed === 0 && (code !== 0 || ranNone);
  return uncounted ? { ...counts, failed: 1 } : counts;
}

/** @param {Partial<Counts>[]} parts */
export function sum(...parts) {
  return parts.reduce((/** @type {Counts} */ total, { passed = 0, failed = 0, skipped = [] }) => ({
    passed: total.passed + passed,
    failed: total.failed + failed,
    skipped: [...total.skipped, ...skipped],
  }), { passed: 0, failed: 0, skipped: [] });
}

/** @param {string} reason */
const skip = (reason) => sum({ skipped: [reason] });

/**
 * @param {string} xml a JUnit report
 * @returns {Counts}
 */
export function countJunit(xml) {
  // One match per test: attributes may hold ">" and "/", and a test without children no end tag.
  const tests = xml.match(/<testcase\b(?:"[^"]*"|[^"/>])*(?:\/>|>[\s\S]*?<\/testcase>)/g) ?? [];
  const skipped = tests.filter((test) => /<skipped\b/.test(test)).map((test) =>
    `${attribute(test, /\bname="([^"]*)"/)}: ${
      attribute(test, /<skipped\b[^>]*?\bmessage="([^"]*)"/) || "the test says no reason"
    }`
  );
  const failed = tests.filter((test) => /<(failure|error)\b/.test(test)).length;
  return { passed: tests.length - skipped.length - failed, failed, skipped };
}

/**
 * @param {string} xml
 * @param {RegExp} pattern with one group
 */
function attribute(xml, pattern) {
  const entities = { quot: '"', apos: "'", lt: "<", gt: ">", amp: "&" };
  return (pattern.exec(xml)?.[1] ?? "")
    .replace(/&(quot|apos|lt|gt|amp);/g, (_, name) => entities[/** @type {"lt"} */ (name)])
    .split(/\n|\\n|&#10;/)[0]?.trim();
}

/**
 * @param {string} output
 * @returns {Counts}
 */
export function countLines(output) {
  return sum(
    ...[...output.matchAll(/\b(\d+) passed, (\d+) failed\b/g)].map(([, passed, failed]) => ({
      passed: Number(passed),
      failed: Number(failed),
    })),
  );
}

/**
 * Zig brings no address sanitizer, so these steps take other C compilers: gcc and clang find
 * different things.
 * @param {string} work
 * @param {string} name of build.zig's step
 * @param {number} most how many compilers
 * @returns {Promise<Counts>}
 */
async function testWithAddressSanitizer(work, name, most) {
  const lack = "no C compiler here has a working address sanitizer";
  let compilers = await findAddressSanitizers(work);
  if (compilers.length === 0) {
    await installPackages(lack, ["clang", "libclang-rt-dev", "libc6-dev"]);
    compilers = await findAddressSanitizers(work);
  }
  if (compilers.length === 0) return skip(lack);
  let counts = sum();
  for (const compiler of compilers.slice(0, most)) {
    print(`--- ${compiler}\n`);
    counts = sum(counts, await testC(name, [`-Dasan-compiler=${compiler}`]));
  }
  return counts;
}

/**
 * Some targets, and their headers; all of it is `npm run test:targets`.
 * @type {Step}
 */
async function testTargets() {
  const missing = await installInspector();
  if (missing) return skip(`the libraries can't be inspected: ${missing}`);
  return sum(await buildAndCheck(QUICK_TARGETS));
}

/** @param {string} work */
async function findAddressSanitizers(work) {
  const source = join(work, "probe.c");
  const program = join(work, "probe");
  writeFileSync(source, "int main(void) { return 0; }\n");
  const found = [];
  for (const compiler of ["clang", "gcc"].flatMap((name) => findOnPath(name) ?? [])) {
    const built = await run(compiler, ["-fsanitize=address,undefined", source, "-o", program]);
    if (built.code === 0 && (await run(program, [])).code === 0) found.push(compiler);
  }
  return found;
}

/** @param {string[]} args */
function chosenSteps(args) {
  if (args.length === 0) return Object.keys(steps).filter((name) => !ONLY_NAMED.includes(name));
  const names = args[0] === "--only" && args.length === 2 ? (args[1] ?? "").split(",") : [];
  if (names.length > 0 && names.every((name) => name in steps)) return names;
  throw new Failure(`usage: npm test [-- --only ${Object.keys(steps).join(",")}]`);
}

/**
 * What runs beside all other steps: programs in C, that touch nothing which these make or use.
 */
const BESIDE = ["c", "bytes", "ubsan", "tsan", "asan", "fuzz"];

/**
 * @typedef {{ name: string, counts: Counts, seconds: number }} Result
 *
 * @param {string} name
 * @param {string} work
 * @param {boolean} isNamed
 * @returns {Promise<Result>}
 */
async function runStep(name, work, isNamed) {
  print(`\n=== ${name}\n`);
  const start = performance.now();
  let counts;
  try {
    counts = await (/** @type {Step} */ (steps[name]))(work, isNamed);
  } catch (error) {
    print(`${tell(error)}\n`);
    counts = sum({ failed: 1 });
  }
  return { name, counts, seconds: Math.round((performance.now() - start) / 1000) };
}

/** @param {unknown} error */
function tell(error) {
  return error instanceof Failure
    ? `error: ${error.message}`
    : error instanceof Error
    ? error.stack
    : String(error);
}

/**
 * Two lanes, as most steps keep one core busy; one step's output comes in one piece.
 * @param {string[]} names
 * @param {string} work
 * @param {boolean} isNamed
 */
async function runSteps(names, work, isNamed) {
  /** @type {Map<string, Result>} */
  const results = new Map();
  const lanes = [false, true].map((isBeside) =>
    names.filter((name) => BESIDE.includes(name) === isBeside)
  );
  const areTwo = lanes.every((lane) => lane.length > 0);
  await Promise.all(lanes.map(async (lane) => {
    for (const name of lane) {
      const step = () => runStep(name, work, isNamed);
      results.set(name, areTwo ? await keepOutput(step) : await step());
    }
  }));
  return names.flatMap((name) => results.get(name) ?? []);
}

/** @param {string[]} args */
async function main(args) {
  const names = chosenSteps(args);
  const work = mkdtempSync(join(tmpdir(), "mp3-augment-test-"));
  /** @type {Result[]} */
  let results = [];
  try {
    await setUp();
    results = await runSteps(names, work, args.length > 0);
  } catch (error) {
    console.error(tell(error));
    results.push({ name: "set-up", counts: sum({ failed: 1 }), seconds: 0 });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const summary = results.flatMap(({ name, counts, seconds }) => [
    `  ${name.padEnd(11)} ${countsLine(counts)}, ${seconds} s`,
    ...counts.skipped.map((reason) => `    SKIPPED: ${reason}`),
  ]);
  const total = sum(...results.map(({ counts }) => counts));
  console.log(`\n${[...summary, countsLine(total)].join("\n")}`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

/** @param {Counts} counts */
function countsLine({ passed, failed }) {
  return `${passed} passed, ${failed} failed`;
}

await runAsProgram(import.meta.url, main);
