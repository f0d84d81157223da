// Judges mutants of the TypeScript. StrykerJS says which there are; each is put into a copy of the
// project, and the specs of its file run there, then all others.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { PROCESSES } from "./c-build.ts";
import { type Mutant, mutated, type Verdict } from "./results.ts";
import { commandOf, otherSpecsOf, specsOf } from "./suites.ts";
import { Failure, findOnPath, needTool, root, run } from "../tools.mjs";

const home = join(root, "scripts", "mutants", "stryker");
/** What no spec needs, and what is large. */
const LEFT_BEHIND = [
  ...[".git", ".zig-cache", "zig-out", "third_party", "dist", "bench", "demo"],
  "node_modules", // is linked
];
/** A hang ends at a multiple of what a spec takes without a mistake, while the machine is as busy. */
const LIMIT_MS = 600_000, LIMIT_TIMES = 6, LEAST_LIMIT_MS = 30_000;
/** What a busy machine can do, too. */
const LATE = /it hangs|timed out|was ended after its limit/;

/** All mistakes that StrykerJS knows for these files. */
export async function mutantsOfTypeScript(files: readonly string[]): Promise<Mutant[]> {
  if (files.length === 0) return [];
  if (!existsSync(join(home, "node_modules"))) {
    await need("npm", ["ci", "--prefix", home, "--no-audit", "--no-fund"]);
  }
  return JSON.parse(await need("node", [join(home, "list.mjs"), ...files])) as Mutant[];
}

async function need(tool: string, args: string[]): Promise<string> {
  const program = findOnPath(tool);
  if (!program) throw new Failure(`${tool} is needed for mutants of TypeScript`);
  const { code, output, stdout } = await run(program, args);
  if (code !== 0) throw new Failure(`${tool} ${args[0]} failed:\n${output}`);
  return stdout;
}

/** Copies of the project, and how long each spec takes there without a mistake. */
export class TypeScriptBench {
  readonly #clean: string;
  readonly #free: string[];
  readonly #took = new Map<string, Promise<number>>();

  /** One copy stays as it is; of the others there are as many as mutants are judged at a time. */
  constructor(folder: string) {
    rmSync(folder, { recursive: true, force: true });
    this.#clean = copyProject(join(folder, "clean"));
    this.#free = Array.from({ length: PROCESSES }, (_, i) => copyProject(join(folder, String(i))));
  }

  /** Puts the mistake into a copy and runs specs until one notices. */
  async judge(mutant: Mutant): Promise<Verdict> {
    const copy = this.#free.pop() as string;
    const path = join(copy, mutant.file);
    const text = readFileSync(path, "utf8");
    try {
      const wrong = mutated(text, mutant);
      const [right, compiled] = [text, wrong].map(compile);
      if (compiled === undefined) return { state: "doesn't compile" };
      if (compiled === right) return { state: "the same code" };
      writeFileSync(path, wrong);
      const by = await this.#noticed(mutant.file, copy);
      return by ? { state: "noticed", by } : { state: "survived" };
    } finally {
      writeFileSync(path, text);
      this.#free.push(copy);
    }
  }

  async #noticed(file: string, copy: string): Promise<string | undefined> {
    const own = specsOf(file);
    if (own.some(isNodes) && !await buildNode(copy)) return "the build";
    for (const spec of own) if (!await this.#passes(spec, copy)) return spec;
    const others = await Promise.all(
      otherSpecsOf(file, this.#clean).map(async (spec) => ({ spec, ms: await this.#time(spec) })),
    );
    for (const { spec } of others.sort((a, b) => a.ms - b.ms)) {
      if (!await this.#passes(spec, copy)) return spec;
    }
  }

  /** Who is late is tried once more, with twice the time. */
  async #passes(spec: string, copy: string): Promise<boolean> {
    const limit = LEAST_LIMIT_MS + LIMIT_TIMES * await this.#time(spec);
    const { code, output } = await runSpec(spec, copy, limit);
    if (code === 0 || !LATE.test(output)) return code === 0;
    return (await runSpec(spec, copy, 2 * limit)).code === 0;
  }

  /** A spec that fails by itself would notice everything. */
  #time(spec: string): Promise<number> {
    const time = async () => {
      if (isNodes(spec) && !existsSync(join(this.#clean, "dist"))) await buildNode(this.#clean);
      const begin = performance.now();
      const { code, output } = await runSpec(spec, this.#clean, LIMIT_MS);
      if (code !== 0) throw new Failure(`${spec} fails without a mistake:\n${output.slice(-2000)}`);
      return performance.now() - begin;
    };
    const took = this.#took.get(spec) ?? time();
    this.#took.set(spec, took);
    return took;
  }
}

function copyProject(to: string): string {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(root).filter((name) => !LEFT_BEHIND.includes(name))) {
    cpSync(join(root, name), join(to, name), {
      recursive: true,
      filter: (path) => !path.endsWith("stryker/node_modules"),
    });
  }
  symlinkSync(join(root, "node_modules"), join(to, "node_modules"));
  return to;
}

const isNodes = (spec: string) => spec.startsWith("node:");

async function buildNode(copy: string): Promise<boolean> {
  const args = ["scripts/build-node.mjs", "--tests"];
  return (await run(findOnPath("node") ?? "node", args, { cwd: copy })).code === 0;
}

function runSpec(spec: string, cwd: string, timeoutMs: number) {
  const [tool, args] = commandOf(spec);
  const program = tool === "node" ? findOnPath("node") ?? "node" : needTool(tool);
  return run(program, args, { cwd, timeoutMs });
}

/** What is used of Bun, which runs this. */
const { Bun } = globalThis as unknown as {
  Bun: { Transpiler: new (options: object) => { transformSync(text: string): string } };
};

/** What runs, without types; undefined where that is no TypeScript. */
function compile(text: string): string | undefined {
  try {
    return new Bun.Transpiler({ loader: "ts" }).transformSync(text);
  } catch {
    return undefined;
  }
}
