// What Stryker starts for each mutant, in its copy of the project: the specs of the mutant's file,
// until one notices. Without a mutant it draws which are to be judged.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Drawn } from "./results.ts";
import { sample } from "./results.ts";
import { commandOf, suites } from "./suites.ts";
import { needTool, run } from "../tools.mjs";

/** Without a mistake; with one, a multiple of what it took: a hang ends so. */
const LIMIT_MS = 600_000, LIMIT_TIMES = 10, LEAST_LIMIT_MS = 60_000;

const id = process.env.__STRYKER_ACTIVE_MUTANT__;
const drawnFolder = process.env.MUTANTS_DRAWN ?? "";
const tookPath = `${drawnFolder}.json`;
if (id === undefined) process.exitCode = await tryWithoutMistakes(drawMutants()) ? 0 : 1;
else process.exitCode = await isNoticed(readFileSync(join(drawnFolder, id), "utf8")) ? 1 : 0;

/** Leaves a file for each, with the name of the mutant's file; returns those names. */
function drawMutants(): string[] {
  const all = ["src", "ffi", "cli"].flatMap(mutantsIn);
  const { count, seed } = JSON.parse(process.env.MUTANTS_SAMPLE ?? "null") as Drawn;
  mkdirSync(drawnFolder, { recursive: true });
  const drawn = count === 0 ? all : sample(count, seed)(all);
  for (const { file, id } of drawn) writeFileSync(join(drawnFolder, id), file);
  return [...new Set(drawn.map(({ file }) => file))];
}

/** A spec that fails by itself would notice everything. */
async function tryWithoutMistakes(files: readonly string[]): Promise<boolean> {
  const took: Record<string, number> = {};
  for (const spec of new Set(files.flatMap(specsOf))) {
    const start = performance.now();
    const { code, output } = await runSpec(spec, LIMIT_MS);
    took[spec] = performance.now() - start;
    if (code === 0) continue;
    console.error(`${spec} fails without a mistake:\n${output.slice(-2000)}`);
    return false;
  }
  writeFileSync(tookPath, JSON.stringify(took));
  return true;
}

function specsOf(file: string): readonly string[] {
  return suites.find(([pattern]) => pattern.test(file))?.[1] ?? [];
}

function runSpec(spec: string, timeoutMs: number) {
  const [tool, args] = commandOf(spec);
  const program = tool === "node" ? "node" : needTool(tool);
  return run(program, args, { cwd: process.cwd(), timeoutMs });
}

/** The mutants that Stryker has put into the files below a folder. */
function mutantsIn(folder: string): { file: string; id: string }[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return mutantsIn(file);
    if (!/\.(ts|js)$/.test(file)) return [];
    const found = readFileSync(file, "utf8").matchAll(/stryMutAct_9fa48\("(\d+)"\)/g);
    return [...new Set([...found].map(([, id = ""]) => id))].map((id) => ({ file, id }));
  });
}

async function isNoticed(file: string): Promise<boolean> {
  const took = JSON.parse(readFileSync(tookPath, "utf8")) as Record<string, number>;
  for (const spec of specsOf(file)) {
    const limit = Math.max(LEAST_LIMIT_MS, LIMIT_TIMES * (took[spec] ?? 0));
    if ((await runSpec(spec, limit)).code !== 0) return true;
  }
  return false;
}
