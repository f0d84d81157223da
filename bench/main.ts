// npm run bench [-- --quick] [--peers NAME,…] [--clips NAME,…] [--kbps 64,128] [--quality 7]
//               [--rounds N] [--json FILE]
// npm run bench -- --threads | --encoding | --threshold
//
// Compares this module with other ways through MP3 and prints markdown tables.
//
// Every peer (bench/peers.ts) is a process that stays alive, so that nothing but the round trip is
// measured. Peers take turns, A B C A B C …: a turn is as many calls as take about 0.15 s, so that
// what disturbs the machine disturbs all of them alike. A ratio is taken within a round; the tables
// show the median of the rounds and, in brackets, the lower and upper quartile.
//
//   wall time   per call, after a warm-up; one call at a time, memory for the output included
//   CPU time    of the whole process, per call
//   memory      how far one call on the long clip raises the peak of a fresh process's memory, above
//               the clip and the output (Linux only)
//   output      a hash over the outputs of all cases, and how they compare with this module's
//
// --quick      short clips, two rounds, nothing large to install: to see that it works
// --peers      only those whose names contain one of these texts (the baseline always takes part)
// --clips      only those whose names contain one of these texts
// --kbps, --quality   the settings; every pair of them is a case for each clip
// --json       writes every single measurement
// --threads    measures only what more threads cost and bring (bench/threads.c); without --peers and
//              --quick that comes with the rest
// --encoding   measures only encoding alone, against other encoders (bench/encoding.ts); as --threads
// --threshold  measures instead from which length on two threads beat one (bench/threshold.c)
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { markdownTable } from "markdown-table";
import { Failure, run, runAsProgram } from "../scripts/tools.mjs";
import { type Clip, makeClips, recordingPath } from "./clips.ts";
import { printEncoding } from "./encoding.ts";
import { BASELINE, type Peer, peers, prepareProgram, type Start } from "./peers.ts";
import { digits, quantile, withSpread } from "./statistics.ts";
import { type Setting, type Times, Worker } from "./worker.ts";

type ReadyPeer = Peer & { start: Start };

interface Case {
  clip: Clip;
  setting: Setting;
}

interface Measured {
  count: number;
  /** Per call. */
  rounds: Times[];
  outputHash: string;
  /** This module's output against what differs from it, null for equal. */
  snrDb: number | null;
}

interface CaseResult extends Case {
  byPeer: Map<string, Measured>;
}

const TURN_SECONDS = 0.15;
const MAX_CALLS_PER_TURN = 200;
/** The original returns this many zeros at the end, which would hide how alike the rest is. */
const IGNORED_TAIL = 529;

function readArguments(args: string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const options = {
    quick: flag,
    threads: flag,
    encoding: flag,
    threshold: flag,
    peers: text,
    clips: text,
    kbps: text,
    quality: text,
  };
  try {
    const parsed = parseArgs({ args, options: { ...options, rounds: text, json: text } })
      .values;
    const quick = parsed.quick ?? false;
    const isWhole = !quick && parsed.peers === undefined;
    const only = parsed.threads || parsed.encoding;
    return {
      quick,
      roundtrips: !only,
      threads: only ? parsed.threads ?? false : isWhole,
      encoding: only ? parsed.encoding ?? false : isWhole,
      threshold: parsed.threshold ?? false,
      names: parsed.peers?.split(",") ?? [""],
      clipNames: parsed.clips?.split(",") ?? [""],
      bitrates: numbers(parsed.kbps ?? (quick ? "64" : "64,128"), "--kbps"),
      qualities: numbers(parsed.quality ?? "7", "--quality"),
      rounds: numbers(parsed.rounds ?? (quick ? "2" : "15"), "--rounds")[0] ??
        1,
      json: parsed.json,
    };
  } catch (error) {
    throw error instanceof TypeError ? new Failure(error.message) : error;
  }
}

function numbers(list: string, option: string) {
  const values = list.split(",").map((text) => /^\d+$/.test(text) ? Number(text) : NaN);
  if (values.some(Number.isNaN)) {
    throw new Failure(`${option} ${list}: whole numbers are needed`);
  }
  return values;
}

async function preparePeers(
  names: string[],
  quick: boolean,
): Promise<{ ready: ReadyPeer[]; skipped: string[] }> {
  const ready: ReadyPeer[] = [];
  const skipped: string[] = [];
  const isWanted = (name: string) => name === BASELINE || names.some((text) => name.includes(text));
  for (
    const peer of peers.filter(({ name, isLarge }) => isWanted(name) && !(quick && isLarge))
  ) {
    process.stderr.write(`preparing: ${peer.name}\n`);
    const start = await peer.prepare();
    if ("command" in start) ready.push({ ...peer, start });
    else if (peer.isOurs) throw new Failure(`${peer.name}: ${start.skipped}`);
    else skipped.push(`${peer.name} is skipped: ${start.skipped}.`);
  }
  return { ready, skipped };
}

/** Calls within a turn: as many as fill it. */
function countCalls({ wallSeconds }: Times, quick: boolean) {
  const seconds = quick ? TURN_SECONDS / 10 : TURN_SECONDS;
  return Math.min(
    MAX_CALLS_PER_TURN,
    Math.max(1, Math.round(seconds / wallSeconds)),
  );
}

function hash(samples: Float32Array) {
  const bytes = new Uint8Array(
    samples.buffer,
    samples.byteOffset,
    samples.byteLength,
  );
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * The reference against what differs from it, in dB; null for equal, NaN for other lengths.
 * @param frameCount per channel
 */
function compare(reference: Float32Array, actual: Float32Array, frameCount: number) {
  if (reference.length !== actual.length) return NaN;
  let signal = 0, noise = 0;
  for (let i = 0; i < reference.length; i++) {
    if (i % frameCount >= frameCount - IGNORED_TAIL) continue;
    const x = reference[i] ?? 0;
    signal += x * x;
    noise += (x - (actual[i] ?? 0)) ** 2;
  }
  return noise === 0 ? null : 10 * Math.log10(signal / noise);
}

/** Loads the clip everywhere, warms up, and takes one output of each. */
async function beginCase({ clip, setting }: Case, workers: Map<string, Worker>, quick: boolean) {
  const byPeer = new Map<string, Measured>();
  let reference: Float32Array | undefined;
  const taking = [...workers].filter(([name]) => !(clip.isLong && isSlow(name)));
  const oursFirst = taking.sort(([a], [b]) => Number(isOurs(b)) - Number(isOurs(a)));
  for (const [name, worker] of oursFirst) {
    await worker.load(clip);
    await worker.run(setting, 1);
    const count = countCalls(await worker.run(setting, 1), quick);
    const output = await worker.save();
    reference ??= output;
    const snrDb = compare(reference, output, clip.frameCount);
    byPeer.set(name, { count, rounds: [], outputHash: hash(output), snrDb });
  }
  return byPeer;
}

/** @param name of a peer */
function isOurs(name: string) {
  return peers.find((peer) => peer.name === name)?.isOurs ?? false;
}

/** @param name of a peer */
function isSlow(name: string) {
  return peers.find((peer) => peer.name === name)?.isSlow ?? false;
}

async function runCase(
  { clip, setting }: Case,
  workers: Map<string, Worker>,
  { quick, rounds }: { quick: boolean; rounds: number },
): Promise<CaseResult> {
  process.stderr.write(`${clip.name}, ${describe(setting)}\n`);
  const byPeer = await beginCase({ clip, setting }, workers, quick);
  // A long clip is long enough for each turn to say more.
  const roundCount = clip.isLong ? Math.ceil(rounds / 3) : rounds;
  for (let round = 0; round < roundCount; round++) {
    for (const [name, worker] of workers) {
      const measured = byPeer.get(name);
      if (!measured) continue;
      const { wallSeconds, cpuSeconds } = await worker.run(
        setting,
        measured.count,
      );
      measured.rounds.push({
        wallSeconds: wallSeconds / measured.count,
        cpuSeconds: cpuSeconds === null ? null : cpuSeconds / measured.count,
      });
    }
  }
  return { clip, setting, byPeer };
}

/** @param work folder */
async function measureMemory(ready: ReadyPeer[], clips: Clip[], setting: Setting, work: string) {
  process.stderr.write("memory\n");
  const [short, long] = [clips[0], clips.at(-1)];
  const bytes = new Map<string, number | null>();
  if (!short || !long) return bytes;
  for (const { name, start } of ready.filter(({ isSlow }) => !isSlow)) {
    const worker = new Worker(name, start, join(work, "output.f32"));
    try {
      // What loading the code and a first call take once and for all isn't a matter of the clip.
      await worker.load(short);
      await worker.run(setting, 3);
      bytes.set(name, await worker.measureMemory(long, setting));
    } finally {
      await worker.close();
    }
  }
  return bytes;
}

function describe({ bitrateKbps, quality }: Setting) {
  return `${bitrateKbps} kbps, quality ${quality}`;
}

/**
 * @param names rows
 * @param results columns
 */
function tabulate(
  names: string[],
  results: CaseResult[],
  cell: (measured: Measured, result: CaseResult) => string,
) {
  const header = ["", ...results.map(({ clip }) => clip.name)];
  const rows = names.map((name) => [
    name,
    ...results.map((result) => {
      const measured = result.byPeer.get(name);
      return measured ? cell(measured, result) : "–";
    }),
  ]);
  return markdownTable([header, ...rows], {
    align: ["l", ...results.map(() => "r")],
  });
}

function printTimes(results: CaseResult[], names: string[]) {
  const baseline = names[0] ?? "";
  for (
    const title of new Set(results.map(({ setting }) => describe(setting)))
  ) {
    const columns = results.filter(({ setting }) => describe(setting) === title);
    const whose = baseline === BASELINE ? "the original's" : `that of "${baseline}"`;
    console.log(`\nSpeed at ${title}: × ${whose}, median (quartiles)\n`);
    console.log(tabulate(names, columns, ({ rounds }, { byPeer }) => {
      const base = byPeer.get(baseline)?.rounds ?? [];
      return withSpread(
        rounds.map((times, i) => (base[i]?.wallSeconds ?? NaN) / times.wallSeconds),
      );
    }));
    console.log(
      `\nMilliseconds per call at ${title}: wall time / CPU time, medians\n`,
    );
    console.log(tabulate(names, columns, ({ rounds }) => {
      const wall = 1000 *
        quantile(rounds.map(({ wallSeconds }) => wallSeconds), 0.5);
      const cpu = rounds.flatMap(({ cpuSeconds }) => cpuSeconds ?? []);
      return `${digits(wall)} / ${cpu.length > 0 ? digits(1000 * quantile(cpu, 0.5)) : "–"}`;
    }));
  }
}

function printMemory(memory: Map<string, number | null>, clip: Clip) {
  const own = 2 * 4 * clip.channelCount * clip.frameCount / 1e6;
  console.log(
    `\nMemory for ${clip.name}: MB above the ${own.toFixed(0)} MB of input and output\n`,
  );
  const rows = [...memory].map(([name, bytes]) => [
    name,
    bytes === null ? "–" : (bytes / 1e6).toFixed(1),
  ]);
  console.log(markdownTable([["", "MB"], ...rows], { align: ["l", "r"] }));
}

/** @returns whether this module's forms agree */
function printOutputs(results: CaseResult[], names: string[]): boolean {
  const rows = names.map((name) => {
    const all = results.flatMap(({ byPeer }) => byPeer.get(name) ?? []);
    const joint = createHash("sha256").update(
      all.map(({ outputHash }) => outputHash).join(),
    );
    const ratios = all.flatMap(({ snrDb }) => snrDb ?? []);
    const likeness = ratios.length === 0
      ? "the same bits"
      : ratios.some(Number.isNaN)
      ? "another length"
      : `${Math.min(...ratios).toFixed(0)} dB or better`;
    return { name, hash: joint.digest("hex").slice(0, 12), likeness };
  });
  console.log(
    `\nOutputs of all cases, against this module's (without the last ${IGNORED_TAIL} samples)\n`,
  );
  const cells = rows.map(({ name, hash, likeness }) => [name, hash, likeness]);
  console.log(markdownTable([["", "hash", "likeness"], ...cells]));
  return new Set(
    rows.filter(({ name }) => isOurs(name)).map(({ hash }) => hash),
  ).size <= 1;
}

/** What more threads cost and bring, a table for each clip and quality. */
async function printThreads(clips: Clip[]) {
  const program = await prepareProgram("threads");
  if ("skipped" in program) throw new Failure(program.skipped);
  for (const { name, sampleRate, channelCount, path, isLong } of clips) {
    for (const quality of isLong ? ["7"] : ["7", "3"]) {
      process.stderr.write(`threads: ${name}, quality ${quality}\n`);
      const args = [`${sampleRate}`, `${channelCount}`, path, quality];
      const { code, output } = await run(program.command, args);
      if (code !== 0) throw new Failure(output.trim());
      console.log(
        `\nThreads: ${name}, 128 kbps, quality ${quality}\n\n${output.trim()}`,
      );
    }
  }
}

/** @param work folder */
async function bench(options: ReturnType<typeof readArguments>, work: string) {
  const clips = makeClips(work, options.quick)
    .filter(({ name }) => options.clipNames.some((text) => name.includes(text)));
  const code = options.roundtrips ? await benchRoundtrips(options, clips, work) : 0;
  if (options.threads) {
    await printThreads(clips.filter(({ sampleRate }) => sampleRate > 16000));
  }
  const long = clips.at(-1);
  if (options.encoding && long?.channelCount === 2) {
    await printEncoding(long, work);
  }
  return code;
}

/** @param work folder */
async function benchRoundtrips(
  options: ReturnType<typeof readArguments>,
  clips: Clip[],
  work: string,
) {
  const { ready, skipped } = await preparePeers(options.names, options.quick);
  const settings = options.bitrates.flatMap((bitrateKbps) =>
    options.qualities.map((quality) => ({ bitrateKbps, quality }))
  );
  const workers = new Map(
    ready.map((
      { name, start },
    ) => [name, new Worker(name, start, join(work, "output.f32"))]),
  );
  const results: CaseResult[] = [];
  try {
    for (const clip of clips) {
      for (const setting of settings) {
        results.push(await runCase({ clip, setting }, workers, options));
      }
    }
  } finally {
    for (const worker of workers.values()) await worker.close();
  }
  const [firstSetting] = settings;
  const memory = firstSetting ? await measureMemory(ready, clips, firstSetting, work) : new Map();

  const names = ready.map(({ name }) => name);
  const machine = `${cpus()[0]?.model ?? process.arch}, ${availableParallelism()} cores`;
  console.log(`\n${machine}. ${skipped.join(" ")}`);
  printTimes(results, names);
  const long = clips.at(-1);
  if (long) printMemory(memory, long);
  const agree = printOutputs(results, names);
  if (options.json) {
    writeJson(options.json, { machine, skipped, results, memory });
  }
  if (agree) return 0;
  console.error("\nerror: this module's call forms give different samples");
  return 1;
}

function writeJson(
  path: string,
  { machine, skipped, results, memory }: {
    machine: string;
    skipped: string[];
    results: CaseResult[];
    memory: Map<string, number | null>;
  },
) {
  const cases = results.map((
    { clip: { path: _, ...clip }, setting, byPeer },
  ) => ({
    clip,
    setting,
    peers: Object.fromEntries(byPeer),
  }));
  const memoryBytes = Object.fromEntries(memory);
  const text = JSON.stringify(
    { machine, skipped, cases, memoryBytes },
    undefined,
    2,
  );
  writeFileSync(
    resolve(process.env.INIT_CWD ?? process.cwd(), path),
    `${text}\n`,
  );
}

await runAsProgram(import.meta.url, async (args) => {
  const options = readArguments(args);
  if (options.threshold) {
    const program = await prepareProgram("threshold");
    if ("skipped" in program) throw new Failure(program.skipped);
    return (await run(program.command, [recordingPath], { show: true })).code;
  }
  const work = mkdtempSync(join(tmpdir(), "mp3-augment-bench-"));
  try {
    return await bench(options, work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});
