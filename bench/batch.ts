// npm run bench:batch [-- --clips N] [--rounds N] [--json FILE]
//
// The throughput of a batch of mixed clips, and how it grows with threads: this module under Deno and
// Bun, against the Python original's best parallel use (as many processes as cores). All take turns;
// a ratio is taken within a round, the tables show the median and the quartiles.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { parseArgs } from "node:util";
import { markdownTable } from "markdown-table";
import { needTool, root, runAsProgram } from "../scripts/tools.mjs";
import { makeBatch } from "./clips.ts";
import { prepareOriginal } from "./original/venv.ts";

interface Answer {
  wallSeconds: number;
  outputHash?: string;
}

interface Contender {
  name: string;
  command: string;
  args: string[];
  line: string;
}

const ALL = "all";

/** One contender's process; it answers each line by one line of JSON. */
class Worker {
  readonly name: string;
  readonly #line: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor({ name, command, args, line }: Contender) {
    this.name = name;
    this.#line = line;
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async run(): Promise<Answer> {
    this.#child.stdin.write(`${this.#line}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.name} ended without an answer`);
    return JSON.parse(value);
  }

  close() {
    this.#child.stdin.end();
  }
}

async function findContenders(
  paths: string[],
): Promise<{ contenders: Contender[]; notes: string[] }> {
  const contenders: Contender[] = [];
  const notes: string[] = [];
  const original = await prepareOriginal();
  if ("command" in original) {
    const args = [join(root, "bench", "original", "batch.py"), ...paths];
    const name = `fast-mp3-augment (Python), ${availableParallelism()} processes`;
    contenders.push({ name, command: original.command, args, line: ALL });
  } else {
    notes.push(`fast-mp3-augment is skipped: ${original.skipped}.`);
  }
  const script = join(root, "bench", "peers", "batch.ts");
  const deno = [
    "run",
    "--allow-all",
    "--no-check",
    "--quiet",
    script,
    ...paths,
  ];
  contenders.push({
    name: "Deno, all cores",
    command: needTool("deno"),
    args: deno,
    line: ALL,
  });
  const bun = ["run", script, ...paths];
  contenders.push({
    name: "Bun, all cores",
    command: needTool("bun"),
    args: bun,
    line: ALL,
  });
  for (let threads = 1; threads <= availableParallelism(); threads *= 2) {
    const name = `Deno, threads: ${threads}`;
    contenders.push({
      name,
      command: needTool("deno"),
      args: deno,
      line: String(threads),
    });
  }
  return { contenders, notes };
}

function quartiles(values: number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => {
    const place = part * (sorted.length - 1);
    const low = sorted[Math.floor(place)] ?? NaN;
    return low + (place % 1) * ((sorted[Math.ceil(place)] ?? NaN) - low);
  };
  return [at(0.25), at(0.5), at(0.75)].map((value) => value.toFixed(2));
}

function showRatio(ratios: number[]) {
  const [low, median, high] = quartiles(ratios);
  return `${median} (${low}–${high})`;
}

function report(results: Map<string, Answer[]>, audioSeconds: number) {
  const times = (name: string) => (results.get(name) ?? []).map(({ wallSeconds }) => wallSeconds);
  const names = [...results.keys()];
  const against = (baseline: string, name: string) =>
    times(baseline).map((seconds, round) => seconds / (times(name)[round] ?? NaN));
  const original = names.find((name) => name.startsWith("fast-mp3-augment"));
  const oneThread = "Deno, threads: 1";
  const rows = names.map((name) => {
    const [, median] = quartiles(
      times(name).map((seconds) => audioSeconds / seconds),
    );
    return [
      name,
      Number(median).toFixed(0),
      original ? showRatio(against(original, name)) : "",
      name.includes("threads:") ? showRatio(against(oneThread, name)) : "",
    ];
  });
  const head = [
    "",
    "× real time",
    "× the original's speed",
    "× one thread's speed",
  ];
  return markdownTable([head, ...rows], { align: ["l", "r", "r", "r"] });
}

async function main() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: { clips: text, rounds: text, json: text },
  });
  const folder = mkdtempSync(join(tmpdir(), "mp3-augment-bench-"));
  try {
    const clipCount = Number(values.clips ?? 300);
    const { paths, audioSeconds } = makeBatch(folder, clipCount);
    const { contenders, notes } = await findContenders(paths);
    const workers = contenders.map((contender) => new Worker(contender));
    const results = new Map<string, Answer[]>(workers.map(({ name }) => [name, []]));
    for (const worker of workers) await worker.run(); // a warm-up
    for (let round = 0; round < Number(values.rounds ?? 9); round++) {
      for (const worker of workers) {
        results.get(worker.name)?.push(await worker.run());
      }
    }
    workers.forEach((worker) => worker.close());
    const hashes = [...results.values()].flat().map(({ outputHash }) => outputHash);
    const isSame = new Set(hashes.filter((hash) => hash !== undefined)).size === 1;
    console.log(
      `${clipCount} mixed clips, ${(audioSeconds / 60).toFixed(0)} minutes of audio\n`,
    );
    console.log(report(results, audioSeconds));
    console.log(
      `\nOutputs of this module: ${isSame ? "the same bits" : "DIFFERENT BITS"}.`,
    );
    notes.forEach((note) => console.log(note));
    if (values.json) {
      writeFileSync(values.json, JSON.stringify([...results], null, 2));
    }
    if (!isSame) {
      process.exitCode = 1;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

runAsProgram(import.meta.url, main);
