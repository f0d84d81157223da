// node scripts/check-package.ts: whether both packages hold what a release needs, before anything
// is published; `check-release.mjs` looks into the libraries themselves. Prints the digest of each library.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { makePackage } from "./package.ts";
import { MAX_BYTE_SIZE, targets } from "./release/targets.mjs";
import { Failure, needTool, root, run, runAsProgram } from "./tools.mjs";

/** JSR's limit for a package and for each file in it. */
const MAX_PACKAGE_BYTE_SIZE = 20_000_000;
/** What an installation from npm may take, all targets in it: cross-compiled executables need them. */
const MAX_NPM_BYTE_SIZE = 6_000_000;

/** Both libraries of all eight targets, and the WebAssembly module, as it is and as text. */
export const LIBRARIES = targets.flatMap(({ name, lame, shim }) =>
  [shim, lame].map((file) => `lib/${name}/${file}`)
).concat(["mp3augment.wasm", "embedded.js", "worker.js"].map((file) => `lib/wasm32/${file}`));

/**
 * What npm's package leaves out, to stay small: `loadWasm` takes it as text there, too. Who wants
 * the file, because bytes may not be compiled, has it from JSR or from the release.
 */
export const NOT_IN_NPM = "lib/wasm32/mp3augment.wasm";

/** Byte sizes by the path inside the package. */
type Sizes = Map<string, number>;

/** What keeps a package from being released; an empty list is good. */
export function findFaults(sizes: Sizes, isNpm = false) {
  const maxByteSize = isNpm ? MAX_NPM_BYTE_SIZE : MAX_PACKAGE_BYTE_SIZE;
  const faults = [...LIBRARIES, "README.md", "LICENSE", "THIRD_PARTY.md"]
    .filter((path) => !sizes.get(path) && !(isNpm && path === NOT_IN_NPM))
    .map((path) => `${path} is missing or empty`);
  const targets: Sizes = new Map();
  let total = 0;
  for (const [path, byteSize] of sizes) {
    total += byteSize;
    const target = /^lib\/[^/]+/.exec(path)?.[0];
    if (target && !/\.js$/.test(path)) targets.set(target, (targets.get(target) ?? 0) + byteSize);
    if (target && !LIBRARIES.includes(path)) faults.push(`${path} belongs to no target`);
  }
  for (const [target, byteSize] of targets) {
    if (byteSize <= MAX_BYTE_SIZE) continue;
    faults.push(`${target} has ${byteSize} bytes, more than ${MAX_BYTE_SIZE}`);
  }
  if (total > maxByteSize) {
    faults.push(`all files have ${total} bytes, more than ${maxByteSize}`);
  }
  return faults;
}

export function measureFolder(folder: string) {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return measure(folder, paths.map((path) => join(folder, path)));
}

/** What `deno publish` would upload. */
export async function measureJsrPackage(): Promise<Sizes> {
  const args = ["publish", "--dry-run", "--allow-dirty", "--no-check"];
  const { code, output } = await run(needTool("deno"), args, { env: { NO_COLOR: "1" } });
  if (code !== 0) throw new Failure(`deno publish --dry-run failed:\n${output}`);
  const urls = [...output.matchAll(/^\s+(file:\S+) \(/gm)].map(([, url = ""]) => url);
  return measure(root, urls.map((url) => fileURLToPath(url)));
}

function measure(folder: string, paths: string[]): Sizes {
  const files = paths.map((path) => [path, statSync(path)] as const)
    .filter(([, stat]) => stat.isFile());
  return new Map(
    files.map(([path, stat]) => [relative(folder, path).replaceAll(sep, "/"), stat.size]),
  );
}

await runAsProgram(import.meta.url, async () => {
  await makePackage();
  const digests = await run(process.execPath, ["scripts/write-digests.ts", "--check"]);
  if (digests.code !== 0) throw new Failure(digests.output.trim().replace(/^error: /, ""));
  const packages = {
    npm: measureFolder(join(root, "dist", "npm")),
    JSR: await measureJsrPackage(),
  };
  const faults = Object.entries(packages).flatMap(([name, sizes]) =>
    findFaults(sizes, name === "npm").map((fault) => `${name}: ${fault}`)
  );
  if (faults.length > 0) throw new Failure(faults.join("\n"));
  for (const [name, sizes] of Object.entries(packages)) {
    const total = [...sizes.values()].reduce((sum, byteSize) => sum + byteSize, 0);
    console.error(`${name}: ${sizes.size} files, ${total} bytes`);
  }
  for (const path of LIBRARIES.filter((path) => path !== NOT_IN_NPM)) { // what both packages have
    const digest = createHash("sha256").update(readFileSync(join(root, path))).digest("hex");
    process.stdout.write(`${digest}  ${path}\n`);
  }
});
