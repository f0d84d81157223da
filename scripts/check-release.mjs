// Checks the libraries that `zig build release` has left in lib/: format, processor, oldest system,
// imports, exports, names, size, and that no path of the machine that built them is inside.
//   check-release.mjs [target...]      the named ones, or all eight
//   check-release.mjs --reproduce      builds all eight once more, elsewhere: the same bytes?
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { inspectLibraries, installInspector } from "./release/inspect.mjs";
import { libraryPaths, MAX_BYTE_SIZE, targets } from "./release/targets.mjs";
import { Failure, needTool, root, run, runAsProgram } from "./tools.mjs";

/**
 * @typedef {import("./release/inspect.mjs").Facts} Facts
 * @typedef {import("./release/targets.mjs").Target} Target
 */

/** The functions that the shim's header declares. */
function publicShim() {
  const header = readFileSync(join(root, "csrc/mp3augment.h"), "utf8");
  return [...header.matchAll(/^MP3A_API [^(;]*?\b(mp3a_\w+)\(/gm)].map(([, name]) => name ?? "");
}

/**
 * LAME's own list of what its library exports, but its decoder, which isn't built; with what its
 * header declares beside it and with our functions.
 */
function publicLame() {
  const list = readFileSync(join(root, "third_party/lame-3.100/include/libmp3lame.sym"), "utf8");
  const isMissing = /^(hip_|lame_decode|lame_init_old$)/;
  const headers = ["lame/snapshot.h", "common/coded_frame.h", "common/seam.h"].map((name) =>
    readFileSync(join(root, "csrc", name), "utf8")
  );
  const ours = [...headers.join("\n").matchAll(/^\w.*?\b(mp3a_lame_\w+)\(/gm)]
    .map(([, name]) => name ?? "");
  return [
    ...list.split(/\s+/).filter((name) => name && !isMissing.test(name)),
    ...["bitrate_table", "samplerate_table"],
    ...ours,
  ];
}

/**
 * @param {string[]} found
 * @param {string[]} wanted
 */
function compareNames(found, wanted) {
  const missing = wanted.filter((name) => !found.includes(name));
  const extra = found.filter((name) => !wanted.includes(name));
  return [
    ...missing.map((name) => `doesn't export ${name}`),
    ...extra.map((name) => `exports ${name}, which isn't public`),
  ];
}

/** @param {Facts} facts */
function judgeOldestSystem({ symbolVersions, minimumVersion, format, cpu, isSigned }) {
  const newer = (symbolVersions ?? []).filter((name) => {
    const [, minor] = /^GLIBC_2\.(\d+)/.exec(name) ?? [];
    return !(Number(minor) <= 17);
  });
  const problems = newer.map((name) => `needs ${name}`);
  if (format === "Mach-O" && minimumVersion !== "11.0.0") {
    problems.push(`is for macOS ${minimumVersion}, not 11.0.0`);
  }
  if (format === "PE" && !(Number(minimumVersion) <= 10)) {
    problems.push(`is for Windows ${minimumVersion}`);
  }
  // macOS on Arm loads nothing without a signature; the linker's own is enough.
  if (format === "Mach-O" && cpu === "ARM64" && !isSigned) problems.push("is not signed");
  return problems;
}

/** Paths of the machine that built it. @param {Buffer} bytes */
function findPaths(bytes) {
  const text = bytes.toString("latin1");
  return [root, homedir(), tmpdir(), ".zig-cache", "third_party/", "csrc/"]
    .filter((path) => path.length > 1 && text.includes(path))
    .map((path) => `holds the path ${path}`);
}

/**
 * @param {Target} target
 * @param {"lame" | "shim"} which
 * @param {Facts} facts
 */
function judge(target, which, facts) {
  const isShim = which === "shim";
  const problems = [];
  /** @param {string} what @param {unknown} found @param {unknown} wanted */
  const expect = (what, found, wanted) => {
    if (JSON.stringify(found) === JSON.stringify(wanted)) return;
    problems.push(`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
  };
  expect("format", facts.format, target.format);
  expect("processor", facts.cpu, target.cpu);
  expect("name", facts.name, isShim ? target.shimName : target.lameName);
  expect("search path", facts.searchPaths, isShim ? target.searchPaths : []);
  expect("stripped", facts.isStripped, true);
  const others = facts.libraries.filter((name) => !target.systemLibraries.test(name));
  expect("dependency", others, isShim ? [target.lameName] : []);
  problems.push(...compareNames(facts.exports, isShim ? publicShim() : publicLame()));
  return [...problems, ...judgeOldestSystem(facts)];
}

/**
 * @param {Target} target
 * @returns {Promise<{ problems: string[], byteSize: number, hashes: string[] }>}
 */
export async function checkTarget(target) {
  const paths = libraryPaths(target);
  const missing = Object.values(paths).filter((path) => !existsSync(path));
  if (missing.length > 0) {
    return { problems: missing.map((path) => `${path} is missing`), byteSize: 0, hashes: [] };
  }
  const [lame, shim] = await inspectLibraries([paths.lame, paths.shim]);
  if (!lame || !shim) throw new Failure("LIEF has not read both libraries");
  const contents = [readFileSync(paths.lame), readFileSync(paths.shim)];
  const byteSize = contents.reduce((sum, bytes) => sum + bytes.length, 0);
  const problems = [
    ...judge(target, "lame", lame).map((text) => `${target.lame} ${text}`),
    ...judge(target, "shim", shim).map((text) => `${target.shim} ${text}`),
    ...contents.flatMap(findPaths),
    ...(byteSize > MAX_BYTE_SIZE ? [`both are ${byteSize} bytes, above ${MAX_BYTE_SIZE}`] : []),
  ];
  return { problems, byteSize, hashes: contents.map(sha256) };
}

/** @param {Buffer} bytes */
function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/** @param {string[]} names */
async function checkTargets(names) {
  const unknown = names.filter((name) => !targets.some((target) => target.name === name));
  if (unknown.length > 0) throw new Failure(`no such target: ${unknown.join(", ")}`);
  const chosen = targets.filter(({ name }) => names.length === 0 || names.includes(name));
  let failed = 0;
  for (const target of chosen) {
    const { problems, byteSize, hashes } = await checkTarget(target);
    console.log(`${target.name}: ${byteSize} bytes`);
    hashes.forEach((hash, i) => console.log(`  ${hash}  ${i ? target.shim : target.lame}`));
    problems.forEach((text) => console.error(`  failed: ${text}`));
    if (problems.length > 0) failed++;
  }
  return { passed: chosen.length - failed, failed };
}

/** One per file format: what fits into `npm test`. */
export const QUICK_TARGETS = ["aarch64-linux-gnu", "aarch64-macos", "x86_64-windows-gnu"];

/** @param {string[]} names */
export async function buildAndCheck(names) {
  for (const { name, zig } of targets) if (names.includes(name)) await zigBuild(`-Dtarget=${zig}`);
  return checkTargets(names);
}

/** @param {string[]} args */
export async function zigBuild(...args) {
  const { code, output } = await run(needTool("zig"), ["build", ...args]);
  if (code !== 0) throw new Failure(`zig build ${args.join(" ")} failed: ${output.slice(-2000)}`);
}

/** What a build reads: a copy of it is built at another place, with caches of its own. */
const inputs = ["build.zig", "zig", "csrc", "scripts", "third_party"];

async function checkReproduction() {
  const work = mkdtempSync(join(tmpdir(), "mp3-augment-a-folder-with-another-name-"));
  try {
    for (const name of inputs) cpSync(join(root, name), join(work, name), { recursive: true });
    const caches = ["--cache-dir", join(work, "cache"), "--global-cache-dir", join(work, "global")];
    const { code, output } = await run(needTool("zig"), ["build", "release", ...caches], {
      cwd: work,
    });
    if (code !== 0) throw new Failure(`zig build release failed: ${output.slice(-2000)}`);
    const counts = { passed: 0, failed: 0 };
    for (const target of targets) {
      const [here, there] = [libraryPaths(target), libraryPaths(target, work)];
      for (const which of /** @type {const} */ (["lame", "shim"])) {
        const [first, second] = [here[which], there[which]].map((path) =>
          sha256(readFileSync(path))
        );
        const isSame = first === second;
        console.log(`${isSame ? "same" : "DIFFERENT"} ${second}  ${target.name}/${target[which]}`);
        counts[isSame ? "passed" : "failed"]++;
      }
    }
    return counts;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

await runAsProgram(import.meta.url, async (args) => {
  const missing = args.includes("--reproduce") ? undefined : await installInspector();
  if (missing) throw new Failure(`the libraries can't be inspected: ${missing}`);
  const { passed, failed } =
    await (args.includes("--reproduce") ? checkReproduction() : checkTargets(args));
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});
