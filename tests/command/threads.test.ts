/** A run on several threads: the same tree whatever their number, also when some are lost. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { Scratch } from "../../cli/audio/scratch.ts";
import { augmentFile } from "../../cli/dataset/augment.ts";
import { newPartialName } from "../../cli/files.ts";
import { planUnits } from "../../cli/dataset/plan.ts";
import { Journal } from "../../cli/dataset/journal.ts";
import type { Settings } from "../../cli/dataset/settings.ts";
import { doUnits, type WorkOptions } from "../../cli/dataset/work.ts";
import { entryUrl, setEntry } from "../../cli/entry.ts";
import { stopOnSignals } from "../../cli/interrupt.ts";
import {
  cliCommand,
  readJsonLines,
  readTree,
  runCli,
  startCli,
  waitFor,
  withFolder,
  writeWav,
} from "./cli.ts";
import { projectPath, runtimeName, test } from "../harness.ts";
import { makeSignal } from "../signals.ts";

const RATE = 16000;

function makeClips(folder: string, names: readonly string[], frameCount = 3000): void {
  names.forEach((name, i) =>
    writeWav(join(folder, name), [makeSignal(frameCount + 41 * i, RATE, i + 1)], RATE)
  );
}

/** Sources of several kinds, some of them bad. */
async function makeSources(folder: string): Promise<void> {
  const names = Array.from({ length: 14 }, (_, i) => `s${i % 3}/c${i}.wav`);
  makeClips(folder, names);
  // 5 channels at a rate that MP3 hasn't.
  const odd = [1, 2, 3, 4, 5].map((i) => makeSignal(2000, 10000, i));
  writeWav(join(folder, "odd.wav"), odd, 10000);
  for (const name of ["cut.wav", "s0/cut.wav"]) {
    makeClips(folder, [name]);
    truncateSync(join(folder, name), 2000);
  }
  const flac = ["decode", join(folder, "s0/c0.wav"), join(folder, "f.flac")];
  assert.equal((await runCli(flac)).code, 0);
  const tar = ["dataset", join(folder, "s1"), join(folder, "packed"), "--tar", "2"];
  assert.equal((await runCli(tar)).code, 0);
  rmSync(join(folder, "packed/manifest.jsonl"));
  rmSync(join(folder, "packed/.mp3-augment"), { recursive: true });
}

test("1, 2 and 8 threads, and none but the main one: the same tree, byte for byte", () =>
  withFolder(async (folder) => {
    const source = join(folder, "in");
    await makeSources(source);
    const outcomes = [];
    for (const threads of [[], ["--threads", "1"], ["--threads", "2"], ["--threads", "8"]]) {
      const target = join(folder, "out");
      const args = ["dataset", source, target, "--seed", "7", "--json", "--copies", "3"];
      const { code, stdout, stderr } = await runCli([...args, ...threads]);
      assert.equal(code, 1, stderr);
      const { done, failures } = JSON.parse(stdout.toString());
      outcomes.push({ done, failures, tree: readTree(target) });
      rmSync(target, { recursive: true });
    }
    assert.equal(outcomes[0]?.failures.length, 2);
    for (const each of outcomes) assert.deepEqual(each, outcomes[0]);
  }));

test("the copies of one file are made on all threads, also after a kill amid them", () =>
  withFolder(async (folder) => {
    const [source, whole, target] = ["in.wav", "whole", "out"].map((name) =>
      join(folder, name)
    ) as [string, string, string];
    writeWav(source, [makeSignal(40000, RATE)], RATE);
    const args = (out: string, threads: string) =>
      ["dataset", source, out, "--copies", "40", "--p", "0.8", "--quality", "0"]
        .concat("--threads", threads, "--quiet");
    assert.equal((await runCli(args(whole, "1"))).code, 0);
    const { child, outcome } = startCli(args(target, "4"));
    await waitFor(() => existsSync(target) && readdirSync(target).length > 6);
    child.kill("SIGKILL");
    await outcome;
    const journal = readJsonLines(join(target, ".mp3-augment/journal.jsonl"));
    assert.ok(journal.filter(({ begins }) => begins).length >= 4);
    assert.equal((await runCli(args(target, "4"))).code, 0);
    assert.deepEqual(readTree(target), readTree(whole));
    const copies = readJsonLines(join(target, "manifest.jsonl")).map(({ copy }) => copy);
    assert.deepEqual(copies, Array.from({ length: 40 }, (_, copy) => copy));
    // Of a bad source none of the copies stays.
    truncateSync(source, 50000);
    const bad = join(folder, "bad");
    assert.equal((await runCli(args(bad, "4"))).code, 1);
    assert.deepEqual(readdirSync(bad).sort(), [".mp3-augment", "manifest.jsonl"]);
  }));

test("a second Ctrl-C ends the process at once and leaves no half-written file", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    for (const name of ["a.wav", "b.wav"]) {
      writeWav(join(source, name), [makeSignal(4_000_000, 44100)], 44100);
    }
    const args = ["dataset", source, target, "--p", "1", "--quality", "0", "--threads", "2"];
    const { child, outcome } = startCli(args);
    const partials = () =>
      existsSync(target) ? readdirSync(target).filter((name) => name.endsWith(".partial")) : [];
    await waitFor(() => partials().length === 2);
    child.kill("SIGINT");
    child.kill("SIGINT"); // it may come together with the first
    const timer = setInterval(() => child.kill("SIGINT"), 20);
    const { code, stderr } = await outcome.finally(() => clearInterval(timer));
    assert.equal(code, 130, stderr);
    assert.deepEqual(partials(), []);
  }));

const SETTINGS: Settings = {
  compression: { p: 1 },
  copies: 1,
  seed: 1,
  format: { container: "wav", samples: "16" },
  channelGroups: "pairs",
};

test("where a later copy can't be written those before it go", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "a.wav"), join(folder, "out")];
    writeWav(source, [makeSignal(3000, 44100)], 44100);
    mkdirSync(join(target, "taken.wav"), { recursive: true });
    const unit = { name: "a.wav", path: source, isTar: false, isParquet: false };
    const outputs = ["first.wav", "taken.wav"];
    const task = { id: 0, unit, from: 0, to: 2, outputs, partial: newPartialName(), threads: 1 };
    const settings = { ...SETTINGS, copies: 2 };
    const job = { settings, scratch: new Scratch(), signal: new AbortController().signal };
    await assert.rejects(augmentFile(task, target, job), /it is a folder/);
    assert.deepEqual(readdirSync(target), ["taken.wav"]);
  }));

test("the first signal asks to stop, the second ends with its code", () => {
  const { exit } = process;
  const codes: unknown[] = [];
  process.exit = ((code: unknown) => void codes.push(code)) as typeof exit;
  const countListeners = () => ["SIGINT", "SIGTERM"].map((name) => process.listenerCount(name));
  const before = countListeners();
  let count = 0;
  const stop = stopOnSignals(() => count++);
  try {
    process.emit("SIGTERM", "SIGTERM");
    assert.deepEqual([stop.signal.aborted, stop.exitCode, codes], [true, 143, []]);
    process.emit("SIGINT", "SIGINT");
    assert.deepEqual(codes, [130]);
  } finally {
    stop.release();
    process.exit = exit;
  }
  assert.ok(count >= 1);
  assert.deepEqual(countListeners(), before);
});

/** Does all sources in this process by threads that begin with this file. */
async function doAll(
  source: string,
  folder: string,
  entry: string,
  { copies = 1, ...how }: { copies?: number } & Partial<WorkOptions> = {},
) {
  const settings = { ...SETTINGS, copies };
  const { units } = await planUnits({ source }, settings);
  const journal = await Journal.open(join(folder, "journal.jsonl"));
  const said: string[] = [];
  setEntry(pathToFileURL(entry).href);
  try {
    const { signal } = new AbortController();
    const say = (text: string) => said.push(text);
    const options = { folder, settings, signal, say, ...how };
    const result = await doUnits(units, journal, options);
    return { ...result, said };
  } finally {
    journal.close();
  }
}

/** What threads begin with to do this before they tell of what has ended; it names them in a file. */
function writeEntry(folder: string, before = ""): { entry: string; threadCount: () => number } {
  const [entry, told] = [join(folder, "telling.mjs"), join(folder, "told.txt")];
  const main = pathToFileURL(cliCommand().at(-1) ?? "").href;
  writeFileSync(
    entry,
    `import { appendFileSync } from "node:fs";
import { parentPort, threadId } from "node:worker_threads";
const tell = parentPort.postMessage.bind(parentPort);
parentPort.postMessage = (ended) => {
  if (ended.length > 0) appendFileSync(${JSON.stringify(told)}, threadId + "\\n");
  ${before}
  tell(ended);
};
await import(${JSON.stringify(main)});
`,
  );
  const threadCount = () => new Set(readFileSync(told, "utf8").trim().split("\n")).size;
  return { entry, threadCount };
}

test("where threads wait for files and cores are idle some more are hired, but no end of them", () =>
  withFolder(async (folder) => {
    const waitMs = 25;
    const { entry, threadCount } = writeEntry(
      folder,
      `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${waitMs} * ended.length);
  for (const end of ended) [end.ms, end.waitedMs] = [${waitMs}, ${waitMs}];`,
    );
    const cores = availableParallelism();
    for (const [load, fileCount, most] of [[2, 160, cores + 4], [cores + 2, 70, cores]] as const) {
      const [source, target] = [join(folder, `in${load}`), join(folder, `out${load}`)];
      makeClips(source, Array.from({ length: fileCount }, (_, i) => `c${i}.wav`), 100);
      const { doneCount, failures } = await doAll(source, target, entry, { load: () => load });
      assert.deepEqual([doneCount, failures], [fileCount, []]);
      const count = threadCount();
      assert.ok(count <= most && (count > cores || most === cores), `${count} threads`);
      rmSync(join(folder, "told.txt"));
    }
  }));

test("the copies of one file are dealt out to all threads", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in.wav"), join(folder, "out")];
    writeWav(source, [makeSignal(20_000, RATE)], RATE);
    const { entry, threadCount } = writeEntry(folder);
    const { doneCount, failures } = await doAll(source, target, entry, { copies: 60, threads: 2 });
    assert.deepEqual([doneCount, failures], [1, []]);
    assert.equal(readdirSync(target).filter((name) => name.endsWith(".wav")).length, 60);
    assert.equal(threadCount(), 2);
  }));

test("a thread that dies fails its file, and others go on", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    makeClips(source, Array.from({ length: 30 }, (_, i) => `c${i}.wav`));
    makeClips(source, ["c1-deadly.wav", "c25-deadly.wav"]);
    const built = runtimeName === "Node" ? "dist/node/" : "";
    const extension = runtimeName === "Node" ? "js" : "ts";
    const entry = projectPath(`${built}tests/scripts/deadly-thread.${extension}`);
    const { doneCount, failures } = await doAll(source, target, entry, { threads: 2 });
    assert.equal(doneCount, 30);
    assert.deepEqual(failures.map(({ source }) => source).sort(), [
      "c1-deadly.wav",
      "c25-deadly.wav",
    ]);
    assert.match(failures[0]?.reason ?? "", /the thread that worked on it has ended/);
    const wavs = readdirSync(target).filter((name) => name.endsWith(".wav"));
    assert.equal(wavs.length, 30);
    assert.deepEqual(readdirSync(target).filter((name) => name.endsWith(".partial")), []);
  }));

test("where no thread can be started the main one does all", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    makeClips(source, Array.from({ length: 9 }, (_, i) => `c${i}.wav`));
    const entry = join(folder, "broken.mjs");
    writeFileSync(entry, 'throw new Error("not today");\n');
    const { doneCount, failures, said } = await doAll(source, target, entry, { threads: 2 });
    assert.deepEqual([doneCount, failures], [9, []]);
    assert.equal(said.length, 1);
    assert.match(said.join(), /^no thread can be started \(.*not today\): one does all$/);
  }));

test("threads start with the program's first file, also where a server has it", () => {
  const here = new URL("../../cli/main.ts", import.meta.url).href;
  setEntry("https://example.org/cli/main.ts");
  const imported = entryUrl().href;
  setEntry(here);
  assert.equal(entryUrl().href, here);
  const [type, code = ""] = imported.split(",");
  assert.equal(type, "data:text/javascript");
  assert.equal(decodeURIComponent(code), 'import "https://example.org/cli/main.ts"');
});
