// `npm run test:mutants`: puts small mistakes into the project, one at a time, and tells which of
// them no test notices. `--only FILE,...` takes files or folders, `--sample N` as many of each room,
// by `--seed N`, which is 1; `--quick` does C without the sanitizers and without whole encodes.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { judgeC } from "./c.ts";
import { folder } from "./c-build.ts";
import { judgeTypeScript } from "./stryker.ts";
import { type Result, sample, survivorsOf, tableOf } from "./results.ts";
import { Failure, root, runAsProgram } from "../tools.mjs";

/**
 * Where mistakes can be made: tests, generated tables and styles are no such places, nor is what runs
 * in WebAssembly or a browser alone.
 */
const FOLDERS = ["csrc", "src", "ffi", "cli"];
const LEFT_OUT =
  /^csrc\/(tests|wasm)\/|windows_link|math\/musl|(ffi|src)\/wasm|cli\/report\/(style|client)|\.d\.ts$/;

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      sample: { type: "string" },
      seed: { type: "string" },
      quick: { type: "boolean", default: false },
    },
  });
  const wanted = values.only?.split(",").map((path) => path.replace(/\/$/, "")) ?? FOLDERS;
  const files = FOLDERS.flatMap((name) => filesIn(name)).filter((file) =>
    !LEFT_OUT.test(file) &&
    wanted.some((path) => file === path || file.startsWith(`${path}/`))
  );
  if (files.length === 0) {
    throw new Failure(`--only ${values.only}: there is no such source file`);
  }
  const drawn = { count: Number(values.sample ?? 0), seed: Number(values.seed ?? 1) };
  if (!Object.values(drawn).every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw new Failure("--sample and --seed are whole numbers");
  }
  const results: Result[] = [];
  const report = (result: Result) => {
    results.push(result);
    const by = result.by ? ` by ${result.by}` : "";
    console.log(`${result.file}:${result.line}: ${result.what}: ${result.state}${by}`);
  };
  const isC = (file: string) => /\.[ch]$/.test(file);
  const draw = drawn.count ? sample(drawn.count, drawn.seed) : <T>(all: readonly T[]) => [...all];
  const [c, typeScript] = [files.filter(isC), files.filter((file) => !isC(file))];
  if (c.length > 0) await judgeC(c, draw, values.quick, report);
  if (typeScript.length > 0) await judgeTypeScript(typeScript, drawn, report);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "results.json"), JSON.stringify(results));
  console.log(`\n${survivorsOf(results)}\n\n${tableOf(results)}`);
  return 0;
}

function filesIn(name: string): string[] {
  return readdirSync(join(root, name), { withFileTypes: true }).flatMap(
    (entry) => {
      const path = `${name}/${entry.name}`;
      if (entry.isDirectory()) return filesIn(path);
      return /\.(c|h|ts|js)$/.test(path) ? [path] : [];
    },
  );
}

await runAsProgram(import.meta.url, main);
