// Each block of code of the README and of docs/ runs as pasted, in the runtimes that it is for: in a
// clone (this one), or in a project that has the package from a registry, which is one of our own.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { parquetOf } from "../tests/command/parquet.ts";
import { findNode } from "./nodes.mjs";
import { executables, hostExecutable, isExecutable } from "./release/executables.ts";
import { findOnPath, needTool, root, run } from "./tools.mjs";

interface Block {
  page: string;
  language: string;
  code: string;
  /** What the text before it says: Deno, Bun or Node at the start of a line. */
  runtimes: readonly string[];
}

const ALL = ["Deno", "Bun", "Node"];

/** JSR's name is Deno's, in a clone as well. */
const isOfJsr = (code: string) => code.includes('"@mp3-augment/');

function readBlocks(page: string): Block[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^( *)```(\w+)\n([^]*?)\n *```$/gm)].map((match) => {
    const [, indent = "", language = "", code = ""] = match;
    const [, section = ""] = /([^]*)$/.exec(text.slice(0, match.index).split("```").at(-1) ?? "") ??
      [];
    const [, named] = /^(Deno|Bun|Node) \(/m.exec(section) ?? [];
    return {
      page,
      language,
      code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      runtimes: named ? [named] : isOfJsr(code) ? ["Deno"] : ALL,
    };
  });
}

const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)]
  .filter((page) => page.endsWith(".md"));
const blocks = pages.flatMap(readBlocks);

/** The one block that begins so. */
function blockOf(start: string): Block {
  const [block, ...more] = blocks.filter(({ code }) => code.startsWith(start));
  assert.ok(block && more.length === 0, `${start}: ${more.length} more`);
  return block;
}

/** What no machine has by accident, and where it is run instead, if anywhere. */
const ELSEWHERE: [RegExp, string, string?][] = [
  [/^examples\/slurm\//, "SLURM", "scripts/test-slurm.ts"],
  [/--allow-net=\$SERVER/, "a server", "tests/package/loader.test.ts"],
  [/^docker build/, "Docker and a Kubernetes cluster"],
  [/^ *aws s3 cp/m, "accounts of clouds, and another host"],
  [/from lhotse import/, "the Python package lhotse", "tests/peers/readers.test.ts"],
  [/webdataset\.WebDataset/, "the Python package webdataset", "tests/peers/readers.test.ts"],
  [/from datasets import/, "the Python package datasets", "tests/peers/readers.test.ts"],
];

const work = mkdtempSync(join(tmpdir(), "mp3-augment-blocks-"));
const project = join(work, "project");
const bun = needTool("bun");
const deno = needTool("deno");
const lena = fileURLToPath(new URL("lena.wav", import.meta.resolve("audio-lena")));
const { name, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
let tarball: Uint8Array;
/** Serves the package and nothing else. */
const registry = createServer(({ url = "", headers }, response) => {
  if (url.endsWith(".tgz")) return void response.end(tarball);
  if (url !== `/${name}`) return void response.writeHead(404).end("{}");
  const manifest = JSON.parse(readFileSync(join(root, "dist/npm/package.json"), "utf8"));
  const dist = {
    tarball: `http://${headers.host}/${name}.tgz`,
    integrity: `sha512-${createHash("sha512").update(tarball).digest("base64")}`,
  };
  const versions = { [version]: { ...manifest, dist } };
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ name, "dist-tags": { latest: version }, versions }));
});

/** The registry, the project's programs and the tools of this clone, and no library but the package's. */
function environment(): Record<string, string> {
  const { port } = registry.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  const tools = join(work, "tools");
  const folders = [join(project, "node_modules", ".bin"), tools, process.env["PATH"] ?? ""];
  return {
    PATH: folders.join(delimiter),
    BUN_CONFIG_REGISTRY: url,
    BUN_INSTALL_CACHE_DIR: join(work, "bun-cache"),
    npm_config_registry: url,
    npm_config_cache: join(work, "npm-cache"),
    npm_config_update_notifier: "false",
    MP3_AUGMENT_LIB: "",
    NO_COLOR: "1",
  };
}

async function runIn(cwd: string, command: string, ...args: string[]) {
  const { code, stdout, output } = await run(command, args, { cwd, env: environment() });
  assert.equal(code, 0, output);
  return stdout.trim();
}

const shell = (code: string, cwd = project) => runIn(cwd, "sh", "-ec", code);

/** In a project where nothing was made yet. */
async function shellAnew(code: string) {
  for (const made of ["augmented", "out"]) {
    rmSync(join(project, made), { recursive: true, force: true });
  }
  await shell(code.replace("--root /data", `--root ${join(project, "data")}`));
}

function makeProject(folder: string) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "project", type: "module" }));
}

/** The files that the blocks name. */
function makeData() {
  for (const folder of ["clips", "in", "data"]) {
    mkdirSync(join(project, folder));
    for (const name of ["a.wav", "b.wav"]) copyFileSync(lena, join(project, folder, name));
  }
  copyFileSync(lena, join(project, "speech.wav"));
  mkdirSync(join(project, "hub"));
  const row = { bytes: readFileSync(lena), path: "a.wav" };
  writeFileSync(join(project, "hub/train.parquet"), parquetOf([row]));
  const line = { audio_filepath: join(project, "data/a.wav"), duration: 1, text: "a" };
  writeFileSync(join(project, "train_manifest.json"), JSON.stringify(line));
  const cut = { id: "a", recording: { sources: [{ source: "clips/a.wav" }] } };
  writeFileSync(join(project, "cuts.jsonl.gz"), gzipSync(JSON.stringify(cut)));
}

before(async () => {
  makeProject(project);
  mkdirSync(join(work, "tools"));
  for (const [name, path] of Object.entries({ bun, bunx: bun, deno })) {
    symlinkSync(path, join(work, "tools", name));
  }
  await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
  // `npm ci` is how the tools came that run this.
  await shell(blockOf("npm ci").code.replace("npm ci && ", ""), root);
  tarball = readFileSync(join(root, "dist", `${name}-${version}.tgz`));
  await shell(`npm install --no-audit --no-fund ${name}`);
  makeData();
  for (const koffi of ["koffi", "@koromix"]) {
    const path = join("node_modules", koffi);
    cpSync(join(root, path), join(project, path), { recursive: true });
  }
  await shell("tar -cf in.tar -C clips a.wav b.wav; mp3-augment decode speech.wav song.flac");
}, { timeout: 300_000 });

after(() => {
  registry.close();
  rmSync(work, { recursive: true });
});

/** What `console.log(…); // this` says that it prints, in order, however often. */
function saidToPrint(code: string): string[] {
  const all = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, said = ""]) => said);
  return [...new Set(all)];
}

/** TypeScript without its types, as Node takes it. */
function toJavaScript(code: string): string {
  const { Bun } = globalThis as unknown as {
    Bun: { Transpiler: new (options: object) => { transformSync(code: string): string } };
  };
  return new Bun.Transpiler({ loader: "ts", deadCodeElimination: false }).transformSync(code);
}

async function runCode({ language, code }: Block, runtime: string) {
  const said = saidToPrint(code);
  const check = (output: string) => {
    const printed = new Set(output.split("\n").filter((line) => said.includes(line)));
    assert.deepEqual([...printed], said, output);
  };
  if (runtime === "Node") {
    const file = join(project, "example.mjs");
    writeFileSync(file, language === "ts" ? toJavaScript(code) : code);
    for (const major of [20, 22, 26]) {
      const node = await findNode(major);
      if (node) check(await runIn(project, node, file));
      else assert.notEqual(major, 20, "npm can't install node@20");
    }
    return;
  }
  const isOfClone = isOfJsr(code);
  const folder = isOfClone ? join(root, "dist", "blocks") : project;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "example.ts");
  writeFileSync(file, code);
  if (runtime === "Bun") return check(await runIn(folder, bun, "run", file));
  const place = isOfClone ? ["--allow-ffi=lib"] : ["--allow-ffi", "--allow-read"];
  check(await runIn(isOfClone ? root : project, deno, "run", "--no-prompt", ...place, file));
}

/** What isn't run as it is, in a project. */
const OTHERWISE: [RegExp, (block: Block) => Promise<void>][] = [
  [/^npm ci/, async () => { // which `before` has run: all others need what it makes
    assert.equal(await runIn(project, join(root, "dist", "mp3-augment"), "--version"), version);
  }],
  [/^bunx /, async ({ code }) => {
    const lines = code.split("\n");
    for (const line of lines) {
      const isOfClone = line.startsWith("npm run");
      // JSR's name leads to what JSR is given.
      const text = line.replace("jsr:@mp3-augment/mp3-augment/cli", join(root, "cli/main.ts"));
      const output = await shell(text, isOfClone ? root : project);
      if (!isOfClone) assert.match(output, /^Usage: mp3-augment/);
    }
  }],
  [/^bun add/, async ({ code }) => {
    const folder = join(work, "new");
    makeProject(folder);
    // A second at 64 kbps has 8000 bytes, and the tag.
    assert.match(await shell(code, folder), /(^|\n)8\d\d\d$/);
  }],
  [/^import lame from /, async ({ code }) => {
    writeFileSync(join(project, "main.ts"), code);
    await shell("bun build --compile main.ts --outfile main");
    await runIn(project, join(project, "main"));
  }],
  [/^node --permission/, async ({ code }) => {
    const example = blocks.find(({ runtimes }) => runtimes.join() === "Node");
    assert.ok(example);
    writeFileSync(join(project, "example.mjs"), example.code);
    const [ffi = "", koffi = ""] = code.split("\n");
    const older = koffi.replace("--permission", "--experimental-permission");
    for (const [major, line] of [[26, ffi], [22, koffi], [20, older]] as const) {
      const node = await findNode(major);
      if (!node) continue; // as the steps of these versions say
      const command = line.replace(/^node /, `"${node}" `);
      assert.deepEqual([await shell(command)], saidToPrint(example.code));
      for (const flag of line.match(/--allow-\S+/g) ?? []) {
        const without = ["-c", command.replace(flag, "")];
        const { code } = await run("sh", without, { cwd: project, env: environment() });
        assert.notEqual(code, 0, `Node ${major} does without ${flag}`);
      }
    }
  }],
  [/^MP3_AUGMENT_LIB=/, async ({ code }) => {
    const folder = join(work, "own");
    assert.ok(isExecutable(hostExecutable));
    cpSync(join(root, "lib", executables[hostExecutable]), folder, { recursive: true });
    writeFileSync(
      join(project, "program.ts"),
      'import { encodeMp3 } from "mp3-augment";\n' +
        "console.log(encodeMp3(new Float32Array(9), { sampleRate: 8000, bitrateKbps: 8 }).length);\n",
    );
    const output = await shell(code.replaceAll("/path/to/folder", folder));
    assert.match(output, /^\d+\n\d+$/);
  }],
];

for (const block of blocks) {
  const { page, language, code, runtimes } = block;
  const [firstLine = ""] = code.split("\n");
  const [, needs, script] = ELSEWHERE.find(([start]) => start.test(code)) ?? [];
  const title = `${page}: ${firstLine}`;
  if (needs) {
    test(`${title} (needs ${needs}; run by ${script ?? "nobody here"})`, () => {
      if (script) assert.ok(existsSync(join(root, script)));
    });
    continue;
  }
  const [, runOtherwise] = OTHERWISE.find(([start]) => start.test(code)) ?? [];
  if (runOtherwise) test(title, { timeout: 120_000 }, () => runOtherwise(block));
  else if (language === "sh") test(title, () => shellAnew(code));
  else if (language === "python") {
    test(title, async () => { // on what the block before has made
      if (findOnPath("python3")) await runIn(project, "python3", "-c", code);
    });
  } else {
    assert.ok(["ts", "js"].includes(language), `${title} is ${language}: who runs that?`);
    for (const runtime of runtimes) test(`${title} in ${runtime}`, () => runCode(block, runtime));
  }
}

/** All files below a folder, with the sums of their bytes. */
function readTree(folder: string): [string, string][] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }): [string, string] => {
    const path = join(parentPath, name);
    return [relative(folder, path), createHash("sha256").update(readFileSync(path)).digest("hex")];
  }).sort();
}

test("a data set is the same to the byte from Deno, Bun and Node", async () => {
  const clips = join(work, "mixed");
  mkdirSync(clips);
  for (const [name, path] of [["a.wav", "speech.wav"], ["deep/b.flac", "song.flac"]] as const) {
    mkdirSync(dirname(join(clips, name)), { recursive: true });
    copyFileSync(join(project, path), join(clips, name));
  }
  await shell(`mp3-augment encode speech.wav ${join(clips, "c.mp3")} --vbr-quality 5`);
  cpSync(join(project, "in.tar"), join(clips, "d.tar"));
  const node20 = await findNode(20);
  const node26 = await findNode(26);
  const nodes = [node20, node26].flatMap((node) => node ? [[node]] : []);
  const trees: [string, string][][] = [];
  for (const [program = "", ...args] of [[deno, "run", "-A"], [bun], ...nodes]) {
    const out = join(work, `tree-${trees.length}`);
    const command = [join(project, "node_modules", name, "cli", "main.js"), "dataset", clips, out];
    const options = "--copies 3 --seed 7 --p 0.8 --modes cbr,abr,vbr --stereo-modes stereo,joint";
    await runIn(work, program, ...args, ...command, ...options.split(" "));
    trees.push(readTree(out));
  }
  assert.ok(trees.length >= 3);
  assert.equal(trees[0]?.length, 3 * 3 + 1 + 4); // copies, a shard, the manifest and the record
  for (const tree of trees) assert.deepEqual(tree, trees[0]);
});

test("the README is one page", () => {
  const readme = readFileSync(join(root, "README.md"));
  assert.ok(readme.length <= 10_000);
  assert.ok(readme.toString().split("\n").length <= 150);
});

test("links of the README and of docs/ lead to files that are there", () => {
  for (const page of [...pages, "SECURITY.md", "CONTRIBUTING.md"]) {
    const text = readFileSync(join(root, page), "utf8");
    for (const [, target = ""] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^https?:/.test(target)) continue;
      assert.ok(existsSync(join(root, dirname(page), target)), `${page}: ${target}`);
    }
  }
});
