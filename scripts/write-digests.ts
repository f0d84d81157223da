// Writes into ffi/digests.ts the sha256 of every file in lib/, for packages: what is loaded over the
// network is compared with it. `--check` writes nothing and fails unless that file tells the truth
// about the libraries of all targets. In git the table stays empty.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { targets } from "./release/targets.mjs";

const TARGETS = targets.map(({ name }) => name).sort();
const LIBRARY_PATTERN = /\.(?:so|so\.0|dylib|dll)$/;
const FILES_PER_TARGET = 2;
const root = fileURLToPath(new URL("..", import.meta.url));
const path = join(root, "ffi", "digests.ts");

/** By target and file. */
type Digests = Record<string, Record<string, string>>;

/** @param folder `lib/` */
export function digestsOf(folder: string): Digests {
  const digests: Digests = {};
  for (const target of TARGETS.filter((name) => existsSync(join(folder, name)))) {
    const names = readdirSync(join(folder, target)).filter((name) => LIBRARY_PATTERN.test(name));
    digests[target] = Object.fromEntries(
      names.sort().map((name) => [name, sha256(join(folder, target, name))]),
    );
  }
  return digests;
}

function sha256(file: string) {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** The text of ffi/digests.ts with another table. */
export function digestsModule(digests: Digests) {
  const [before] = readFileSync(path, "utf8").split(" = {");
  const table = JSON.stringify(digests, null, 2).replace(/(["}])\n/g, "$1,\n"); // as deno fmt does
  return `${before} = ${table};\n`;
}

/** The targets whose files are not complete. */
export function incompleteTargets(digests: Digests) {
  return TARGETS.filter((target) => Object.keys(digests[target] ?? {}).length !== FILES_PER_TARGET);
}

function checkRelease(digests: Digests) {
  const incomplete = incompleteTargets(digests);
  if (incomplete.length > 0) return `lib/ lacks files of ${incomplete.join(", ")}`;
  return digestsModule(digests) === readFileSync(path, "utf8")
    ? undefined
    : "ffi/digests.ts is not about the files in lib/: run scripts/write-digests.ts";
}

// Not by tools.mjs, as in release/targets.mjs.
const program = process.argv[1];
if (program !== undefined && realpathSync(program) === fileURLToPath(import.meta.url)) {
  const digests = digestsOf(join(root, "lib"));
  if (process.argv.includes("--check")) {
    const problem = checkRelease(digests);
    if (problem !== undefined) console.error(`error: ${problem}`);
    process.exitCode = problem === undefined ? 0 : 1;
  } else {
    writeFileSync(path, digestsModule(digests));
    console.log(`ffi/digests.ts: ${Object.keys(digests).join(", ") || "no libraries"}`);
  }
}
