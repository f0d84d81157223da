// What Stryker starts for each mutant, in its copy of the project: the specs of the mutant's file,
// until one notices. Without a mutant it draws which are to be judged.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Drawn } from "./results.ts";
import { sample } from "./results.ts";
import { commandOf, suites } from "./suites.ts";
import { needTool, run } from "../tools.mjs";

/** Far longer than any spec takes: a hang ends so. */
const LIMIT_MS = 120_000;

const id = process.env.__STRYKER_ACTIVE_MUTANT__;
const drawnFolder = process.env.MUTANTS_DRAWN ?? "";
if (id === undefined) drawMutants();
else process.exitCode = await isNoticed(readFileSync(join(drawnFolder, id), "utf8")) ? 1 : 0;

/** Leaves a file for each, with the name of the mutant's file. */
function drawMutants(): void {
  const all = ["src", "ffi", "cli"].flatMap(mutantsIn);
  const { count, seed } = JSON.parse(process.env.MUTANTS_SAMPLE ?? "null") as Drawn;
  mkdirSync(drawnFolder, { recursive: true });
  for (const { file, id } of count === 0 ? all : sample(count, seed)(all)) {
    writeFileSync(join(drawnFolder, id), file);
  }
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
  const specs = suites.find(([pattern]) => pattern.test(file))?.[1] ?? [];
  for (const spec of specs) {
    const [tool, args] = commandOf(spec);
    const program = tool === "node" ? "node" : needTool(tool);
    if (!existsSync("lib")) throw new Error("the copy has no libraries");
    const { code } = await run(program, args, { cwd: process.cwd(), timeoutMs: LIMIT_MS });
    if (code !== 0) return true;
  }
  return false;
}
