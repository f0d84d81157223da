// `npm run coverage`: how much of each room the tests run, in C by gcov, in TypeScript by Node, Deno
// and Bun, and which lines nothing runs. `-- c`, `-- node`, `-- deno` or `-- bun` does one of them.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markdownTable } from "markdown-table";
import { buildForNode } from "./build-node.mjs";
import { linesOfV8 } from "./coverage-v8.ts";
import { folder } from "./mutants/c-build.ts";
import { measureC } from "./mutants/c-coverage.ts";
import { lock } from "./mutants/records.ts";
import { roomOf } from "./mutants/results.ts";
import { Failure, needTool, root, run, runAsProgram } from "./tools.mjs";

/** Per file, per line that can run: whether it did. */
type Lines = Map<string, Map<number, boolean>>;

/** With a dot: to Bun a name alone is a part of any path, also of the copies that mutants are put into. */
const SPECS = ["./tests/module", "./tests/command", "./tests/package"];
const LIMIT_MS = 30 * 60_000;

const measures: Record<string, (work: string) => Promise<Lines>> = {
  c: async () =>
    new Map([...await measureC()].map(([file, lines]) => [
      file,
      new Map([...lines].map(([line, programs]) => [line, programs.size > 0])),
    ])),
  node: async (work) => {
    const profile = join(work, "node");
    await buildForNode({ tests: true, hasMaps: true });
    const specs = ["module", "command"].flatMap((name) => {
      const folder = join(root, "dist/node/tests", name);
      return readdirSync(folder).filter((file) => file.endsWith(".test.js")).map((file) =>
        join(folder, file)
      );
    });
    const env = { NODE_V8_COVERAGE: profile };
    await measured("node", ["--test", ...specs], env);
    return linesOfV8(profile);
  },
  deno: async (work) => {
    const profile = join(work, "deno");
    const tests = ["test", "-A", "--no-check", "--quiet", `--coverage=${profile}`, ...SPECS];
    await measured(needTool("deno"), tests);
    const report = join(work, "deno.info");
    await measured(needTool("deno"), [
      "coverage",
      "--quiet",
      "--lcov",
      `--output=${report}`,
      profile,
    ]);
    return linesOfLcov(report);
  },
  bun: async (work) => {
    const to = [`--coverage-dir=${work}`, "--coverage-reporter=lcov", "--timeout=600000"];
    await measured(needTool("bun"), ["test", "--coverage", ...to, ...SPECS]);
    return linesOfLcov(join(work, "lcov.info"));
  },
};

let hasFailed = false;

/** What was measured until a spec failed counts, too. */
async function measured(command: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  const { code, output } = await run(command, args, { env, timeoutMs: LIMIT_MS });
  if (code === 0) return;
  hasFailed = true;
  console.error(`${command} ${args[0]} failed:\n${output.slice(-4000)}`);
}

function linesOfLcov(path: string): Lines {
  if (!existsSync(path)) throw new Failure(`${path} was not written`);
  const files: Lines = new Map();
  let lines = new Map<number, boolean>();
  for (const entry of readFileSync(path, "utf8").split("\n")) {
    const [, key, value = ""] = /^(SF|DA):(.*)$/.exec(entry) ?? [];
    if (key === "SF") {
      const file = value.replace(`${root}/`, "");
      lines = files.get(file) ?? new Map();
      if (/^(src|ffi|cli)\//.test(file)) files.set(file, lines);
    }
    if (key === "DA") {
      const [line = 0, count = 0] = value.split(",").map(Number);
      lines.set(line, count > 0 || lines.get(line) === true);
    }
  }
  return files;
}

/** One line per room. */
function tableOf(files: Lines): string {
  const rooms = Map.groupBy(files, ([file]) => roomOf(file));
  const rows = [...rooms].sort().map(([room, own]) => {
    const lines = own.flatMap(([, lines]) => [...lines.values()]);
    const ran = lines.filter(Boolean).length;
    return [room, String(lines.length), String(ran), `${(100 * ran / lines.length).toFixed(1)} %`];
  });
  return markdownTable([["room", "lines", "run", "share"], ...rows], {
    align: ["l", "r", "r", "r"],
  });
}

/** Lines that nothing runs, as ranges: `file:3-5,9`. */
function listOf(files: Lines): string {
  return [...files].sort().flatMap(([file, lines]) => {
    const missed = [...lines].filter(([, ran]) => !ran).map(([line]) => line).sort((a, b) => a - b);
    if (missed.length === 0) return [];
    const known = [...lines.keys()].sort((a, b) => a - b);
    const ranges: [number, number][] = [];
    for (const line of missed) {
      const last = ranges.at(-1);
      if (last && known.indexOf(line) === known.indexOf(last[1]) + 1) last[1] = line;
      else ranges.push([line, line]);
    }
    return `${file}:${ranges.map(([a, b]) => a === b ? a : `${a}-${b}`).join(",")}`;
  }).join("\n");
}

async function main(args: string[]): Promise<number> {
  const names = args.length > 0 ? args : Object.keys(measures);
  const work = join(folder, "coverage");
  lock(folder);
  for (const name of names) {
    const measure = measures[name];
    if (!measure) {
      throw new Failure(`usage: npm run coverage [-- ${Object.keys(measures).join("|")}]`);
    }
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true });
    const lines = await measure(work);
    writeFileSync(join(folder, `${name}-lines-not-run.txt`), `${listOf(lines)}\n`);
    console.log(`\n${name}: lines that nothing runs\n${listOf(lines)}\n\n${tableOf(lines)}`);
    rmSync(work, { recursive: true, force: true });
  }
  return hasFailed ? 1 : 0;
}

await runAsProgram(import.meta.url, main);
