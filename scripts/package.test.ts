// The packages as their users get them.
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  findFaults,
  LIBRARIES,
  measureFolder,
  measureJsrPackage,
  NOT_IN_NPM,
} from "./check-package.ts";
import { makePackage, placesOf } from "./package.ts";
import { needTool, root, run } from "./tools.mjs";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const work = mkdtempSync(join(tmpdir(), "mp3-augment-package-"));
const project = join(work, "project");
const bun = needTool("bun");
after(() => rmSync(work, { recursive: true }));

/** Runs a program in a fresh project, where nothing leads to a registry or to the repository. */
async function runThere(command: string, ...args: string[]) {
  const env = {
    BUN_CONFIG_REGISTRY: "http://127.0.0.1:9",
    BUN_INSTALL_CACHE_DIR: join(work, "cache"),
    MP3_AUGMENT_LIB: "",
  };
  const { code, output } = await run(command, args, { cwd: project, env });
  assert.equal(code, 0, output);
  return output;
}

/** The README's code after a line that starts with `heading`. */
function readExample(heading: string) {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  return new RegExp(`^${heading} [^]*?\`\`\`ts\n([^]*?)\`\`\``, "m").exec(readme)?.[1] ?? "";
}

let tarball: string;

function makeProject(folder: string) {
  mkdirSync(folder);
  const own = { name: "project", type: "module" };
  writeFileSync(join(folder, "package.json"), JSON.stringify(own));
}

before(async () => {
  tarball = await makePackage();
  makeProject(project);
  await runThere(bun, "add", tarball);
});

test("the types pass under the strictest compiler options, without allowing .ts imports", async () => {
  const code = `${readExample("Bun")}
import { Mp3AugmentError, type RoundtripOptions } from "mp3-augment";
import { Mp3Compression } from "mp3-augment/transform";
import { loadWasm, type LoadWasmOptions } from "mp3-augment/wasm";
export const loaded: Promise<void> = loadWasm({ source: fetch("x.wasm") } satisfies LoadWasmOptions);
export const options: RoundtripOptions = { sampleRate: 44100, bitrateKbps: 64 };
export const codes: string[] = [new Mp3AugmentError("INVALID_OPTION", "").code];
export const name: string = Mp3Compression.name;
`;
  writeFileSync(join(project, "types.ts"), code);
  for (const [module, moduleResolution] of [["preserve", "bundler"], ["nodenext", "nodenext"]]) {
    const compilerOptions = {
      target: "esnext",
      lib: ["esnext", "dom"],
      module,
      moduleResolution,
      types: [],
      noEmit: true,
      strict: true,
      skipLibCheck: false,
      noUnusedLocals: true,
      noUnusedParameters: true,
      exactOptionalPropertyTypes: true,
      noPropertyAccessFromIndexSignature: true,
      noUncheckedIndexedAccess: true,
    };
    const config = { compilerOptions, files: ["types.ts"] };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
    await runThere(needTool("tsc"), "--noEmit");
  }
});

/** The oldest TypeScript that reads the types: docs/api.md names it. */
const [, OLDEST = ""] = /^Types: TypeScript ([\d.]+) or newer/m.exec(
  readFileSync(join(root, "docs/api.md"), "utf8"),
) ?? [];
const oldTypeScript = await installTypeScript();

/** @returns the compiler's path, or undefined where npm can't install it */
async function installTypeScript(): Promise<string | undefined> {
  const folder = join(root, "dist", `typescript-${OLDEST}`);
  const tsc = join(folder, "node_modules", "typescript", "bin", "tsc");
  if (existsSync(tsc)) return tsc;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), "{}");
  const options = ["--prefix", folder, "--no-audit", "--no-fund"];
  await run("npm", ["install", ...options, `typescript@~${OLDEST}.0`]);
  return existsSync(tsc) ? tsc : undefined;
}

test(`TypeScript ${OLDEST} reads the types, with the lib of es2022`, {
  skip: oldTypeScript ? false : `npm can't install typescript@${OLDEST} here`,
}, async () => {
  const names = {
    "mp3-augment": "all",
    "mp3-augment/transform": "transform",
    "mp3-augment/wasm": "wasm",
  };
  const code = `${readExample("Bun")}
import { Mp3AugmentError } from "mp3-augment";
${Object.entries(names).map(([path, name]) => `import * as ${name} from "${path}";`).join("\n")}
export const codes: string[] = [new Mp3AugmentError("INVALID_OPTION", "").code];
export const everything: object[] = [${Object.values(names)}];
export const bytes: Uint8Array = all.encodeMp3(clip, { sampleRate: 44100, vbrQuality: 2 });
`;
  writeFileSync(join(project, "old.ts"), code);
  for (const moduleResolution of ["nodenext", "bundler"]) {
    const module = moduleResolution === "bundler" ? "esnext" : moduleResolution;
    const lib = ["es2022", "dom"];
    const checks = { strict: true, skipLibCheck: false, exactOptionalPropertyTypes: true };
    const options = { target: "es2022", lib, module, moduleResolution, types: [], noEmit: true };
    const config = { compilerOptions: { ...options, ...checks }, files: ["old.ts"] };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
    await runThere("node", oldTypeScript ?? "");
  }
});

test("wrong options are type errors there", async () => {
  const code = `import { compressRoundtrip } from "mp3-augment";
compressRoundtrip(new Float32Array(9), { sampleRate: "44100", bitrateKbps: 64 });
`;
  writeFileSync(join(project, "wrong.ts"), code);
  const config = { compilerOptions: { strict: true, noEmit: true, lib: ["esnext", "dom"] } };
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({ ...config, files: ["wrong.ts"] }),
  );
  const { code: exitCode, output } = await run(needTool("tsc"), ["--noEmit"], { cwd: project });
  assert.notEqual(exitCode, 0);
  assert.match(output, /wrong\.ts\(2,[^]*'string' is not assignable to type 'number'/);
});

test("the command runs", async () => {
  const command = join(project, "node_modules", ".bin", "mp3-augment");
  assert.equal((await runThere(bun, "run", command, "--version")).trim(), manifest.version);
  const input = fileURLToPath(new URL("lena.wav", import.meta.resolve("audio-lena")));
  const output = join(project, "out.wav");
  await runThere(bun, "run", command, "roundtrip", input, output, "--bitrate", "32");
  assert.equal(readFileSync(output).toString("latin1", 0, 4), "RIFF");
});

test("threads of a data set's run start in the package", async () => {
  const command = join(project, "node_modules", ".bin", "mp3-augment");
  const source = join(root, "node_modules/audio-lena/lena.wav");
  const args = ["dataset", source, join(project, "out"), "--copies", "4", "--threads", "2"];
  const output = await runThere(bun, "run", command, ...args);
  assert.match(output, /^1 file, /, "nothing is said before that: such as that no thread starts");
});

test("the command's codecs, which are compressed in it, work", async () => {
  const command = join(project, "node_modules", ".bin", "mp3-augment");
  const lena = (ending: string) => join(root, `node_modules/audio-lena/lena.${ending}`);
  const flac = join(project, "out.flac");
  await runThere(bun, "run", command, "decode", lena("wav"), flac);
  const files = [flac, lena("flac"), lena("ogg"), lena("opus")];
  const lines = (await runThere(bun, "run", command, "info", ...files)).trim().split("\n");
  const formats = lines.map((line) => /: (\w+), .*12\.27 s/.exec(line)?.[1]);
  assert.deepEqual(formats, ["flac", "flac", "vorbis", "opus"]);
});

test("npm puts one package into node_modules, which require and Node's command load", async () => {
  const folder = join(work, "npm");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), "{}");
  await runThere(
    "npm",
    "install",
    "--offline",
    "--no-audit",
    "--no-fund",
    "--prefix",
    folder,
    tarball,
  );
  const modules = join(folder, "node_modules");
  assert.deepEqual(readdirSync(modules).filter((name) => !name.startsWith(".")), ["mp3-augment"]);
  const script = join(folder, "script.cjs");
  writeFileSync(
    script,
    `const { Mp3Compression } = require("mp3-augment/transform");
console.log(new Mp3Compression({ seed: 5 }).seed);
`,
  );
  // Without the package koffi and before Node's own FFI: what needs no library.
  for (const runtime of ["node", bun]) {
    assert.equal((await runThere(runtime, script)).trim(), "5", runtime);
  }
  const command = join(modules, ".bin", "mp3-augment");
  assert.equal((await runThere("node", command, "--version")).trim(), manifest.version);
  // Besides the libraries, of which all targets may have 0.6 MB.
  const own = [...measureFolder(join(modules, "mp3-augment"))]
    .filter(([path]) => !path.startsWith("lib/")).reduce((sum, [, byteSize]) => sum + byteSize, 0);
  assert.ok(own < 1_800_000, `${own} bytes`);
});

test("each bundled package's licence comes along", () => {
  const notices = readFileSync(join(root, "dist/npm/licenses/bundled.txt"), "utf8").split(
    /^-{80}$/m,
  );
  assert.ok(notices.length > 10);
  // Those that are inside of others' bundles, too.
  for (const name of ["codec-parser", "@wasm-audio-decoders/flac", "simple-yenc", "tar-stream"]) {
    assert.ok(notices.some((notice) => notice.trimStart().startsWith(`${name} `)), name);
  }
  for (const notice of notices) assert.match(notice, /licen[cs]e|permission/i, notice.slice(0, 80));
});

test("the npm package holds what runs, and nothing else", () => {
  const paths = [...measureFolder(join(root, "dist", "npm")).keys()];
  const needless = paths.filter((path) =>
    !/\.(js|d\.ts|md|txt|so|so\.0|dylib|dll|wasm)$/.test(path)
  );
  assert.deepEqual(needless.sort(), ["LICENSE", "package.json"]);
  assert.ok(!paths.some((path) => /test|bench|node_modules/.test(path)), paths.join("\n"));
  const packed: { dependencies: object; exports: Record<string, Record<string, string>> } = JSON
    .parse(readFileSync(join(root, "dist", "npm", "package.json"), "utf8"));
  for (const name of ["private", "scripts", "dependencies", "devDependencies"]) {
    assert.ok(!(name in packed), name);
  }
  for (const path of Object.values(packed.exports).flatMap((paths) => Object.values(paths))) {
    assert.ok(existsSync(join(root, "dist", "npm", path)), path);
  }
});

test("JSR's package has the sources, the built libraries and the licences", async () => {
  const paths = [...(await measureJsrPackage()).keys()];
  const built = [...measureFolder(join(root, "dist", "npm")).keys()]
    .filter((path) => /^(lib|licenses)\//.test(path) && path !== "licenses/bundled.txt");
  assert.ok(built.length > 0);
  for (const path of [...built, "mod.ts", "deno.json", "LICENSE", "THIRD_PARTY.md"]) {
    assert.ok(paths.includes(path), path);
  }
});

const complete = new Map(
  [...LIBRARIES, "README.md", "LICENSE", "THIRD_PARTY.md"].map((path) => [path, 250_000]),
);

test("a complete package has no fault", () => assert.deepEqual(findFaults(complete), []));

test("npm's does without the WebAssembly file, and with no more than 6 MB", () => {
  const sizes = new Map(complete);
  assert.ok(sizes.delete(NOT_IN_NPM));
  assert.deepEqual(findFaults(sizes, true), []);
  assert.match(findFaults(sizes).join(), /mp3augment\.wasm is missing/);
  sizes.set("src/data.ts", 3_000_000);
  assert.match(findFaults(sizes, true).join(), /more than 6000000/);
});

for (
  const [what, path, byteSize, fault] of [
    ["a missing library", "lib/aarch64-macos/libmp3lame.0.dylib", undefined, /is missing or empty/],
    ["an empty library", "lib/x86_64-windows-gnu/mp3lame.dll", 0, /is missing or empty/],
    ["no notices", "THIRD_PARTY.md", undefined, /is missing or empty/],
    ["a big library", "lib/x86_64-linux-musl/libmp3augment.so", 350_001, /more than 600000/],
    ["a big package", "src/data.ts", 20_000_000, /more than 20000000/],
    ["a stranger", "lib/x86_64-linux-gnu/notes", 1, /belongs to no target/],
  ] as const
) {
  test(`${what} keeps a package from being released`, () => {
    const sizes = new Map(complete);
    if (byteSize === undefined) sizes.delete(path);
    else sizes.set(path, byteSize);
    const faults = findFaults(sizes);
    assert.equal(faults.length, 1, faults.join("\n"));
    assert.match(faults[0] ?? "", fault);
  });
}

test("a package tells where it is released from", () => {
  assert.deepEqual(placesOf("somebody/fork"), {
    repository: { type: "git", url: "git+https://github.com/somebody/fork.git" },
    homepage: "https://github.com/somebody/fork#readme",
    bugs: { url: "https://github.com/somebody/fork/issues" },
  });
  assert.deepEqual(placesOf(undefined), {});
});

test("both manifests agree", () => {
  const deno = JSON.parse(readFileSync(join(root, "deno.json"), "utf8"));
  for (const name of ["version", "license", "exports"]) {
    assert.deepEqual(deno[name], manifest[name], name);
  }
});
