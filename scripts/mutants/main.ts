// `npm run test:mutants`: puts small mistakes into the project, one at a time, and tells which of
// them no test notices. `--only FILE,...` takes files or folders, `--sample N` as many of each room,
// by `--seed N`, which is 1; `--quick` does C without the sanitizers; `--fresh` judges those anew
// that were noticed before, too. `--list FILE` judges the caller's own instead: a JSON array of
// `{ "file", "from", "to" }`.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { prepareC } from "./c.ts";
import { folder, forAll } from "./c-build.ts";
import { mutantsOf } from "./c-operators.ts";
import { isEquivalent, Judged, lock, readEquivalents } from "./records.ts";
import {
  codeOf,
  type Mutant,
  type Result,
  sample,
  survivorsOf,
  tableOf,
  type Verdict,
} from "./results.ts";
import { mutantsOfTypeScript, TypeScriptBench } from "./typescript.ts";
import { Failure, root, runAsProgram } from "../tools.mjs";

/**
 * Where mistakes can be made: tests, generated tables and styles are no such places, nor is what runs
 * in WebAssembly or a browser alone; the header's numbers are compared with `ffi/symbols.ts`.
 */
const FOLDERS = ["csrc", "src", "ffi", "cli"];
const LEFT_OUT =
  /^csrc\/(tests|wasm)\/|mp3augment\.h$|windows_link|math\/musl|(ffi|src)\/wasm|cli\/report\/(style|client)|\.d\.ts$/;

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      list: { type: "string" },
      sample: { type: "string" },
      seed: { type: "string" },
      quick: { type: "boolean", default: false },
      fresh: { type: "boolean", default: false },
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
  const [count, seed] = [Number(values.sample ?? 0), Number(values.seed ?? 1)];
  if (![count, seed].every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw new Failure("--sample and --seed are whole numbers");
  }
  lock(folder);
  const texts = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));
  const all = values.list ? readList(values.list, texts) : await listAll(files, texts);
  const drawn = count > 0 ? sample(count, seed)(all) : all;
  const results = await judgeAll(drawn, texts, values);
  writeFileSync(join(folder, "results.json"), JSON.stringify(results));
  console.log(`\n${survivorsOf(results)}\n\n${tableOf(results)}`);
  return 0;
}

/** The files by their names. */
type Texts = ReadonlyMap<string, string>;

const isC = (file: string) => /\.[ch]$/.test(file);

async function listAll(files: readonly string[], texts: Texts): Promise<Mutant[]> {
  const inC = files.filter(isC).flatMap((file) =>
    mutantsOf(texts.get(file) ?? "").map((mutant) => ({ ...mutant, file }))
  );
  return [...inC, ...await mutantsOfTypeScript(files.filter((file) => !isC(file)))];
}

/** Mistakes of the caller's own. What is changed must be there once. */
function readList(path: string, texts: Texts): Mutant[] {
  const list = JSON.parse(readFileSync(path, "utf8")) as Pick<Mutant, "file" | "from" | "to">[];
  return list.map(({ file, from, to }) => {
    const [before = "", ...more] = texts.get(file)?.split(from) ?? [];
    if (more.length !== 1) {
      throw new Failure(`${path}: ${file} has ${from} ${more.length} times, not once`);
    }
    return { file, from, to, offset: before.length, line: before.split("\n").length };
  });
}

async function judgeAll(
  mutants: readonly Mutant[],
  texts: Texts,
  { quick: isQuick, fresh: isFresh }: { quick: boolean; fresh: boolean },
): Promise<Result[]> {
  const equivalents = readEquivalents();
  const judged = new Judged(join(folder, "judged.jsonl"), isFresh);
  const results: Result[] = [];
  const left: Mutant[] = [];
  const report = (mutant: Mutant, verdict: Verdict) => {
    const { file, line, to } = mutant;
    const code = codeOf(texts.get(file) ?? "", mutant);
    const result = { file, line, code, to: to.trim() || "nothing", ...verdict };
    results.push(result);
    const by = result.by ? ` by ${result.by}` : "";
    console.log(`${file}:${line}: ${code} → ${result.to}: ${result.state}${by}`);
  };
  for (const mutant of mutants) {
    const text = texts.get(mutant.file) ?? "";
    const known = judged.find(text, mutant);
    if (isEquivalent(equivalents, text, mutant)) report(mutant, { state: "equivalent" });
    else if (known) report(mutant, known);
    else left.push(mutant);
  }
  const inC = left.filter(({ file }) => isC(file));
  const c = inC.length > 0 ? await prepareC(inC.map(({ file }) => file), isQuick) : undefined;
  const ts = inC.length < left.length ? new TypeScriptBench(join(folder, "ts")) : undefined;
  await forAll(left, async (mutant) => {
    const verdict = isC(mutant.file) ? await c?.judge(mutant) : await ts?.judge(mutant);
    if (!verdict) return;
    judged.keep(texts.get(mutant.file) ?? "", mutant, verdict);
    report(mutant, verdict);
  });
  return results;
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
