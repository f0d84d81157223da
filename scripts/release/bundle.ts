// What the npm package's files take from npm, put into them, by Bun's bundler.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { Failure, root } from "../tools.mjs";

/** The part of Bun's bundler that is used here: Deno checks this file too. */
interface BunBuild {
  build(options: {
    entrypoints: string[];
    target: "node";
    format: "esm" | "cjs";
    minify: boolean;
    plugins: { name: string; setup(build: BundlerHooks): void }[];
  }): Promise<{ outputs: { text(): Promise<string> }[] }>;
}

interface BundlerHooks {
  onResolve(
    on: { filter: RegExp },
    body: (file: { path: string; importer: string }) => undefined | {
      path: string;
      external?: boolean;
      namespace?: string;
    },
  ): void;
  onLoad(
    on: { filter: RegExp; namespace?: string },
    body: (file: { path: string }) => undefined | { contents: string; loader: "js" },
  ): void;
}

type Plugin = (hooks: BundlerHooks) => void;

async function build(entry: string, format: "esm" | "cjs", ...plugins: Plugin[]) {
  const bun = (globalThis as unknown as { Bun: BunBuild }).Bun;
  const { outputs: [output, ...others] } = await bun.build({
    entrypoints: [entry],
    target: "node",
    format,
    minify: true, // all targets' libraries and the command together stay below 6 MB
    plugins: plugins.map((setup) => ({ name: "packages", setup })),
  });
  if (!output || others.length > 0) throw new Failure(`bun made no single file of ${entry}`);
  return await output.text();
}

/** Notes the folders of the packages that go in. */
const noting = (packages: Set<string>): Plugin => (hooks) =>
  hooks.onLoad({ filter: /node_modules/ }, ({ path }) => {
    const [packageFolder] = /^.*node_modules[/\\](@[^/\\]+[/\\])?[^/\\]+/.exec(path) ?? [];
    if (packageFolder) packages.add(packageFolder);
    return undefined;
  });

/** Codecs, WebAssembly above all: a third of their size when compressed, and loaded only at need. */
const COMPRESSED = [
  ...["flac", "opus", "vorbis"].map((name) => `@audio/decode-${name}`),
  "libflacjs/dist/libflac.js",
];

/** The package as a module of text that is decompressed when it is imported. */
async function compress(name: string, packages: Set<string>): Promise<string> {
  const work = mkdtempSync(join(root, "dist", "bundle-")); // inside, so that packages are found
  try {
    const entry = join(work, "entry.js");
    writeFileSync(entry, `import * as all from "${name}";\nexport { all };\n`);
    const code = brotliCompressSync(await build(entry, "cjs", noting(packages)));
    return `import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import { brotliDecompressSync } from "node:zlib";
const code = brotliDecompressSync(Buffer.from("${code.toString("base64")}", "base64")).toString();
const made = { exports: {} };
const run = new Function("module", "exports", "require", code);
run(made, made.exports, createRequire(import.meta.url));
export const decoder = made.exports.all.decoder;
export default made.exports.all.default;
`;
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Puts such packages in so; `modules`: made before, as the bundler doesn't run within itself. */
const compressing = (modules: Map<string, string>): Plugin => (hooks) => {
  hooks.onResolve(
    { filter: /^[^.]/ },
    ({ path }) => modules.has(path) ? { path, namespace: "compressed" } : undefined,
  );
  hooks.onLoad(
    { filter: /.*/, namespace: "compressed" },
    ({ path }) => ({ contents: modules.get(path) ?? "", loader: "js" }),
  );
};

/** A file that others are put into. */
export interface Bundle {
  entry: string;
  /** What of its surroundings goes into it. */
  inside: string;
}

/** The compiled files of the package in `folder` that take something from npm. */
export function findBundles(folder: string): Bundle[] {
  const files = readdirSync(join(folder, "src")).filter((name) => name.endsWith(".js"));
  const importing = files.filter((name) =>
    /\bfrom "(?!\.|node:)/.test(readFileSync(join(folder, "src", name), "utf8"))
  );
  const own = importing.map((name) => ({ entry: `src/${name}`, inside: "nothing of ours" }));
  return [...own, { entry: "cli/main.js", inside: "cli/" }];
}

/** Leaves the package's files that are not `inside` where they are. */
const leaving = (folder: string, { entry, inside }: Bundle): Plugin => (hooks) =>
  hooks.onResolve({ filter: /^\.\.?\// }, ({ path: wanted, importer }) => {
    if (importer.includes("node_modules")) return undefined;
    const found = relative(folder, resolve(dirname(importer), wanted)).replaceAll(sep, "/");
    if (found.startsWith(inside)) return undefined;
    const fromEntry = relative(dirname(entry), found).replaceAll(sep, "/");
    return { path: fromEntry.startsWith(".") ? fromEntry : `./${fromEntry}`, external: true };
  });

/**
 * Puts the packages that a file imports into it, and with them its own files that are `inside`.
 * @returns the packages' folders
 */
export async function bundle(folder: string, one: Bundle): Promise<string[]> {
  const packages = new Set<string>();
  const path = join(folder, one.entry);
  const modules = new Map<string, string>();
  if (one.inside === "cli/") {
    for (const name of COMPRESSED) modules.set(name, await compress(name, packages));
  }
  const code = await build(
    path,
    "esm",
    leaving(folder, one),
    compressing(modules),
    noting(packages),
  );
  if (one.inside === "cli/") rmSync(join(folder, "cli"), { recursive: true });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, code);
  return [...packages];
}
