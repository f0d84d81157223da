/** The command `dataset`: whole folders, resuming, shards, tar. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { compressRoundtrip, nearestBitrateKbps } from "../../mod.ts";
import { decodeBytes } from "../../cli/audio/read.ts";
import { reasonOf } from "../../cli/errors.ts";
import { Journal } from "../../cli/dataset/journal.ts";
import { listFiles } from "../../cli/dataset/find.ts";
import { readMembers } from "../../cli/dataset/tar.ts";
import { chooseShard, isInShard, shardSuffix } from "../../cli/dataset/shard.ts";
import { readJsonLines, readTree, runCli, startCli, withFolder, writeWav } from "./cli.ts";
import { test } from "../harness.ts";
import { makeSignal, randomNumbers, sameBits } from "../signals.ts";

const RATE = 16000;
/** How often the resumed run is killed; `npm run test:kill` sets 20. */
const KILL_COUNT = Number(process.env["MP3_AUGMENT_KILLS"] ?? 3);

/** Short clips in two folders, mono and stereo. */
function makeClips(folder: string, count: number, frameCount = 4000): void {
  for (let i = 0; i < count; i++) {
    const clip = makeSignal(frameCount + 37 * i, RATE, i + 1);
    writeWav(join(folder, `s${i % 2}`, `c${i}.wav`), i % 3 ? [clip] : [clip, clip], RATE);
  }
}

/** Runs `dataset`, which must end with this code, and gives its summary. */
async function dataset(
  source: string,
  target: string,
  args: readonly string[] = [],
  expected = 0,
  env: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const outcome = await runCli(["dataset", source, target, "--json", "--quiet", ...args], { env });
  assert.equal(outcome.code, expected, outcome.stderr);
  return JSON.parse(outcome.stdout.toString());
}

test("mirrors the tree, and the manifest tells what was done", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    makeClips(source, 6);
    const summary = await dataset(source, target, ["--copies", "2", "--seed", "5"]);
    assert.deepEqual([summary["files"], summary["done"], summary["failed"]], [6, 6, 0]);
    const rows = readJsonLines(join(target, "manifest.jsonl"));
    assert.equal(rows.length, 12);
    const applied = rows.filter((row) => row["applied"]);
    assert.ok(applied.length > 0 && applied.length < 12);
    for (const row of rows) {
      const bytes = readFileSync(join(target, row["output"] as string));
      assert.equal(row["output"], `${(row["source"] as string).slice(0, -4)}-${row["copy"]}.wav`);
      assert.equal(row["byteSize"], bytes.length);
      assert.equal(row["sha256"], createHash("sha256").update(bytes).digest("hex"));
      const { channels, sampleRate } = await decodeBytes(bytes);
      const input = await decodeBytes(readFileSync(join(source, row["source"] as string)));
      assert.deepEqual([row["frames"], row["channels"], row["sampleRate"]], [
        input.channels[0]?.length,
        input.channels.length,
        sampleRate,
      ]);
      const parameters = row["parameters"] as
        | { bitrateKbps: number; codedBitrateKbps: number }
        | null;
      assert.equal(parameters !== null, row["applied"]);
      if (parameters) {
        const coded = nearestBitrateKbps(RATE, parameters.bitrateKbps);
        assert.equal(parameters.codedBitrateKbps, coded);
      }
      const expected = parameters
        ? compressRoundtrip(input.channels, { ...parameters, sampleRate })
        : input.channels;
      const codes = (x: Float32Array) =>
        x.map((sample) => Math.fround(sample * 32768 + (sample < 0 ? -0.5 : 0.5)) | 0);
      channels.forEach((channel, i) =>
        assert.ok(sameBits(codes(channel), codes(expected[i] as Float32Array)))
      );
    }
  }));

test("bad files are reported at the end, the others are done", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    makeClips(source, 4);
    writeFileSync(join(source, "text.wav"), "no audio");
    writeFileSync(join(source, "empty.flac"), "");
    writeWav(join(source, "none.wav"), [new Float32Array(0)], RATE);
    const notFinite = Buffer.alloc(48);
    readFileSync(join(source, "none.wav")).copy(notFinite);
    notFinite.writeUInt16LE(3, 20);
    notFinite.writeUInt16LE(4, 32);
    notFinite.writeUInt16LE(32, 34);
    notFinite.writeUInt32LE(4, 40);
    notFinite.writeFloatLE(NaN, 44);
    writeFileSync(join(source, "nan.wav"), notFinite);
    const outcome = await runCli(["dataset", source, target, "--json"]);
    assert.equal(outcome.code, 1);
    const { done, failures } = JSON.parse(outcome.stdout.toString());
    assert.equal(done, 4);
    assert.deepEqual(failures, [
      { source: "empty.flac", reason: "not a WAV, AIFF, FLAC, Ogg or MP3 file" },
      { source: "nan.wav", reason: "a sample is NaN or infinite" },
      { source: "none.wav", reason: "the file holds no audio that can be decoded" },
      { source: "text.wav", reason: "not a WAV, AIFF, FLAC, Ogg or MP3 file" },
    ]);
    assert.match(outcome.stderr, /failed: nan\.wav: a sample is NaN or infinite/);
    assert.equal(readJsonLines(join(target, "manifest.jsonl")).length, 4);
    // Once it is repaired only that one is left to do.
    writeWav(join(source, "none.wav"), [makeSignal(1000, RATE)], RATE);
    const again = await dataset(source, target, [], 1);
    assert.deepEqual([again["done"], again["alreadyDone"], again["failed"]], [1, 4, 3]);
  }));

test("a second run redoes what is missing or cut short, and refuses other settings", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    makeClips(source, 6);
    await dataset(source, target, ["--seed", "1"]);
    const before = readTree(target);
    assert.equal((await dataset(source, target, ["--seed", "1"]))["done"], 0);
    rmSync(join(target, "s0/c0.wav"));
    truncateSync(join(target, "s1/c1.wav"), 1000);
    // As if killed in the middle of a line.
    const journal = join(target, ".mp3-augment/journal.jsonl");
    truncateSync(journal, statSync(journal).size - 5);
    assert.equal((await dataset(source, target, ["--seed", "1"]))["done"], 3);
    assert.deepEqual(readTree(target), before);
    const other = await runCli(["dataset", source, target, "--seed", "2", "--copies", "2"]);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /other settings \(copies 1, now 2; seed 1, now 2\)/);
    assert.deepEqual(readTree(target), before);
  }));

test("a journal gives back records of any length, in any order, also before they are written", () =>
  withFolder(async (folder) => {
    const path = join(folder, "journal.jsonl");
    const recordOf = (length: number) => ({
      unit: `u${length}`,
      outputs: [{ path: "ä".repeat(length), byteSize: length, sha256: "" }],
      rows: [],
    });
    const lengths = [9, 300_000, 65_500, 1, 70_000, 40];
    const journal = await Journal.open(path);
    for (const length of lengths) journal.add(recordOf(length));
    const all = (from: Journal) =>
      [40, 300_000, 9, 70_000, 65_500, 1].map((length) => from.get(`u${length}`));
    const expected = [40, 300_000, 9, 70_000, 65_500, 1].map(recordOf);
    assert.deepEqual(all(journal), expected);
    journal.close();
    const again = await Journal.open(path);
    assert.deepEqual(all(again), expected);
    again.close();
    const cut = await Journal.open(path);
    truncateSync(path, statSync(path).size - 10);
    assert.throws(() => cut.get("u40"), /was cut while it was read/);
    cut.close();
  }));

/** Slow enough that a signal finds work under way. */
const SLOW = [
  "--quality",
  "0",
  "--p",
  "1",
  "--threads",
  "1",
  "--seed",
  "3",
  "--max-bitrate",
  "320",
];

/** Waits until the run has done something more, or has ended. */
async function waitForWork(
  target: string,
  outcome: Promise<unknown>,
  name = "journal.jsonl",
): Promise<void> {
  const journal = join(target, ".mp3-augment", name);
  const sizeOf = () => existsSync(journal) ? statSync(journal).size : 0;
  const before = sizeOf();
  let hasEnded = false;
  const end = outcome.then(() => hasEnded = true);
  while (!hasEnded && sizeOf() <= before) {
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 2))]);
  }
}

test(`killed ${KILL_COUNT} times and resumed: equal to an undisturbed run`, () =>
  withFolder(async (folder) => {
    const [source, whole, target] = ["in", "whole", "out"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    makeClips(source, 12 + 3 * KILL_COUNT, 30000);
    await dataset(source, whole, SLOW);
    const random = randomNumbers(11);
    let killedCount = 0;
    for (let i = 0; i < KILL_COUNT; i++) {
      const threads = ["--threads", ["1", "2", "8"][i % 3] as string];
      const { child, outcome } = startCli([
        "dataset",
        source,
        target,
        "--quiet",
        ...SLOW,
        ...threads,
      ]);
      await waitForWork(target, outcome);
      await new Promise((resolve) => setTimeout(resolve, random() * 30));
      child.kill("SIGKILL");
      if ((await outcome).code === 137) killedCount++;
    }
    assert.ok(killedCount > 0);
    await dataset(source, target, SLOW);
    assert.deepEqual(readTree(target), readTree(whole));
  }));

test("Ctrl-C and SIGTERM finish what is under way, and the run goes on later", () =>
  withFolder(async (folder) => {
    const [source, whole, target] = ["in", "whole", "out"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    makeClips(source, 24, 30000);
    await dataset(source, whole, SLOW);
    for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      const { child, outcome } = startCli(["dataset", source, target, ...SLOW]);
      await waitForWork(target, outcome);
      child.kill(signal);
      const { code: found, stderr } = await outcome;
      assert.equal(found, code, stderr);
      assert.match(stderr, /interrupted: the same command goes on from here/);
      const left = Object.keys(readTree(target)).filter((path) => path.endsWith(".partial"));
      assert.deepEqual(left, []);
      assert.ok(!existsSync(join(target, "manifest.jsonl")));
    }
    await dataset(source, target, SLOW);
    assert.deepEqual(readTree(target), readTree(whole));
  }));

test("shards together are the whole, after merge byte for byte", () =>
  withFolder(async (folder) => {
    const [source, whole, target] = ["in", "whole", "out"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    makeClips(source, 9);
    await dataset(source, whole, ["--seed", "4"]);
    await dataset(source, target, ["--seed", "4", "--shard", "0/3"]);
    const early = await runCli(["merge", target]);
    assert.equal(early.code, 3);
    assert.match(early.stderr, /shards have not finished: 1\/3, 2\/3/);
    const slurm = {
      SLURM_ARRAY_TASK_ID: "2",
      SLURM_ARRAY_TASK_COUNT: "3",
      SLURM_ARRAY_TASK_MIN: "1",
    };
    await dataset(source, target, ["--seed", "4"], 0, slurm);
    await dataset(source, target, ["--seed", "4", "--shards", "3"], 0, {
      JOB_COMPLETION_INDEX: "2",
    });
    const victim = join(target, "s0/c0.wav");
    const good = readFileSync(victim);
    const damaged = Buffer.from(good);
    damaged[damaged.length - 1] = 1 ^ (damaged.at(-1) as number);
    writeFileSync(victim, damaged);
    assert.match((await runCli(["merge", target])).stderr, /c0\.wav is not what its manifest says/);
    writeFileSync(victim, good);
    const merged = await runCli(["merge", target, "--json"]);
    assert.equal(merged.code, 0, merged.stderr);
    const { shards, files, outputs } = JSON.parse(merged.stdout.toString());
    assert.deepEqual([shards, files, outputs], [3, 9, 9]);
    assert.deepEqual(readTree(target), readTree(whole));
    // Run once more they find that all is done, and the merge comes out the same.
    for (const shard of ["0/3", "1/3", "2/3"]) {
      assert.equal((await dataset(source, target, ["--seed", "4", "--shard", shard]))["done"], 0);
    }
    assert.equal((await runCli(["merge", target, "--no-hash"])).code, 0);
    assert.deepEqual(readTree(target), readTree(whole));
  }));

test("four shards at once, one killed and started again: equal to an undisturbed run", () =>
  withFolder(async (folder) => {
    const [source, whole, target] = ["in", "whole", "out"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    makeClips(source, 24, 20000);
    await dataset(source, whole, SLOW);
    const start = (index: number) =>
      startCli(["dataset", source, target, "--quiet", "--shard", `${index}/4`, ...SLOW]);
    const runs = [0, 1, 2, 3].map(start);
    const [first] = runs as [typeof runs[0]];
    await waitForWork(target, first.outcome, "journal-0-of-4.jsonl");
    first.child.kill("SIGKILL");
    await first.outcome;
    runs[0] = start(0);
    for (const { outcome } of runs) {
      const { code, stderr } = await outcome;
      assert.equal(code, 0, stderr);
    }
    assert.equal((await runCli(["merge", target])).code, 0);
    assert.deepEqual(readTree(target), readTree(whole));
  }));

test("hostile files and names never stop a run", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    makeClips(source, 2);
    const good = readFileSync(join(source, "s0/c0.wav"));
    const names = ["a\nb.wav", "🎵 ä.wav", "-x.wav", "a'\"$(b).WAV"];
    for (const name of names) writeFileSync(join(source, name), good);
    const clip = join(source, "s0/c0.wav");
    const coded = await runCli(["roundtrip", clip, join(source, "cut.flac"), "--bitrate", "64"]);
    assert.equal(coded.code, 0, coded.stderr);
    truncateSync(join(source, "cut.flac"), 2000);
    writeFileSync(join(source, "cut.wav"), good.subarray(0, 1000));
    const [long, short] = [join(folder, "long.wav"), join(source, "short.flac")];
    writeWav(long, [makeSignal(5 * RATE, RATE)], RATE);
    const flac = await runCli(["roundtrip", long, short, "--bitrate", "64"]);
    assert.equal(flac.code, 0, flac.stderr);
    truncateSync(short, statSync(short).size >> 1);
    writeFileSync(join(source, "empty.wav"), "");
    writeFileSync(join(source, "text.mp3"), "not music\n".repeat(500));
    writeFileSync(join(source, "noise.ogg"), Buffer.from("OggS").toString() + "x".repeat(5000));
    mkdirSync(join(source, "folder.wav"));
    symlinkSync(source, join(source, "loop"));
    symlinkSync("self.wav", join(source, "self.wav"));
    symlinkSync("nowhere.wav", join(source, "dangling.wav"));
    writeFileSync(join(source, "secret.wav"), good, { mode: 0 });
    const summary = await dataset(source, target, [], 1);
    const reasons = (summary["failures"] as { source: string; reason: string }[])
      .map(({ source, reason }) =>
        `${source}: ${reason.replace(/:.*/, "").replace(/\d+ of \d+ frames/, "# of # frames")}`
      );
    const isRoot = process.getuid?.() === 0; // who may read everything
    assert.deepEqual(reasons, [
      "cut.flac: the file holds no audio that can be decoded",
      `cut.wav: the file ends after 956 of ${good.length - 44} bytes of samples`,
      "dangling.wav: there is no such file",
      "empty.wav: not a WAV, AIFF, FLAC, Ogg or MP3 file",
      "noise.ogg: the file holds no audio that can be decoded",
      ...(isRoot ? [] : ["secret.wav: it may not be read or written"]),
      "self.wav: its links lead in a circle",
      "short.flac: the file ends after # of # frames",
      "text.mp3: not a WAV, AIFF, FLAC, Ogg or MP3 file",
    ]);
    for (const name of names) {
      assert.ok(existsSync(join(target, name.replace(/WAV$/, "wav"))), name);
    }
    const rows = readJsonLines(join(target, "manifest.jsonl"));
    assert.equal(rows.length, 2 + names.length + (isRoot ? 1 : 0));
  }));

test("a folder that can't be read is told of, the others are listed", () =>
  withFolder(async (folder) => {
    makeClips(folder, 3);
    mkdirSync(join(folder, "gone"));
    writeFileSync(join(folder, "zero.wav"), "");
    const unreadable: string[] = [];
    const isWanted = () => {
      rmSync(join(folder, "gone"), { recursive: true, force: true }); // it was listed already
      return true;
    };
    const finder = {
      isWanted,
      skippedAs: () => undefined,
      onSkipped: () => {},
      onUnreadable: (path: string, error: unknown) => {
        unreadable.push(`${path} ${reasonOf(error)}`);
      },
    };
    const names = await listFiles(folder, finder);
    assert.deepEqual(names, ["s0/c0.wav", "s0/c2.wav", "s1/c1.wav", "zero.wav"]);
    assert.deepEqual(unreadable, ["gone/ there is no such file"]);
    await assert.rejects(listFiles(join(folder, "none"), finder), /ENOENT/);
  }));

test("shards by options and by the environment", () => {
  const of = (options: Parameters<typeof chooseShard>[0], environment: Record<string, string>) => {
    const { index, count } = chooseShard(options, environment);
    return `${index}/${count}`;
  };
  const slurm = { SLURM_ARRAY_TASK_ID: "20", SLURM_ARRAY_TASK_COUNT: "4" };
  assert.equal(of({}, {}), "0/1");
  assert.equal(of({ shard: "3/4" }, slurm), "3/4");
  assert.equal(of({ shard: false }, slurm), "0/1");
  assert.equal(
    of({}, { ...slurm, SLURM_ARRAY_TASK_MIN: "0", SLURM_ARRAY_TASK_STEP: "10" }),
    "2/4",
  );
  // As SLURM counts --array=1,3,5,9 and --array=0-10:10,11,30; and --array=2, one of four once more.
  const array = (id: number, count: number, min: number, max: number, step: number) => ({
    SLURM_ARRAY_TASK_ID: String(id),
    SLURM_ARRAY_TASK_COUNT: String(count),
    SLURM_ARRAY_TASK_MIN: String(min),
    SLURM_ARRAY_TASK_MAX: String(max),
    SLURM_ARRAY_TASK_STEP: String(step),
  });
  assert.equal(of({}, array(4, 4, 1, 4, 1)), "3/4");
  const gaps = "the SLURM array has gaps, so which shard this is can't be told: use a range, as " +
    "--array=0-3, or give --shards N, which makes task I shard I of N";
  assert.throws(() => of({}, array(1, 4, 1, 9, 1)), { message: gaps });
  const noShard = (id: number) =>
    new RegExp(`Error: SLURM_ARRAY_TASK_ID=${id} is no shard: use I/N`);
  assert.throws(() => of({}, array(11, 4, 0, 30, 10)), noShard(11));
  assert.throws(() => of({}, array(0, 4, 1, 4, 1)), noShard(0)); // whose first is 1
  assert.equal(of({}, array(1, 4, 1, 4, 1)), "0/4");
  assert.equal(of({}, { SLURM_ARRAY_TASK_ID: "2" }), "0/1");
  assert.equal(of({ shards: 4 }, array(2, 1, 2, 2, 1)), "2/4");
  assert.throws(() => of({ shards: 4 }, array(4, 1, 4, 4, 1)), /is no shard/);
  assert.equal(of({ shards: 5 }, { JOB_COMPLETION_INDEX: "4" }), "4/5");
  for (
    const shard of ["4/4", "0/0", "-1/4", "1.5/4", "0/4/8", "0/4 ", " 0/4", "a0/4", "/4", "0/", ""]
  ) {
    const text = `--shard ${shard} is no shard: use I/N with I from 0 to N - 1, for example 0/4`;
    assert.throws(() => of({ shard }, {}), { message: text });
  }
  assert.equal(of({ shard: "10/12" }, {}), "10/12");
  assert.throws(
    () => of({}, { JOB_COMPLETION_INDEX: "0" }),
    /^\w*Error: JOB_COMPLETION_INDEX=0 is set, but Kubernetes doesn't say how many .*: give --shards N/,
  );
  assert.equal(of({}, { JOB_COMPLETION_INDEX: "1", JOB_COMPLETIONS: "3" }), "1/3");
  assert.equal(of({ shards: 1 }, {}), "0/1");
  assert.throws(
    () => of({ shards: 2 }, {}),
    /^\w*Error: --shards 2 .*nothing says which one.*: use --shard I\/N/,
  );
  // What sha256sum says of these names begins with ca978112 and 3e23e816.
  for (const [name, hash] of [["a", 0x128197ca], ["b", 0x16e8233e]] as const) {
    for (const count of [1, 2, 7, 1000]) {
      const wanted = hash % count;
      assert.equal(isInShard(name, { index: wanted, count }), true);
      if (count > 1) assert.equal(isInShard(name, { index: (wanted + 1) % count, count }), false);
    }
  }
  assert.deepEqual([shardSuffix({ index: 0, count: 1 }), shardSuffix({ index: 2, count: 10 })], [
    ...["", "-2-of-10"],
  ]);
});

test("lists: CSV and JSON Lines, with what they say about a source", () =>
  withFolder(async (folder) => {
    const source = join(folder, "in");
    makeClips(source, 3);
    const csv = join(folder, "list.csv");
    writeFileSync(csv, 'file,speaker\n"s0/c0.wav",anna\ns1/c1.wav,"b, c"\n');
    await dataset(csv, join(folder, "a"), [
      "--root",
      source,
      "--path-column",
      "file",
      "--seed",
      "1",
    ]);
    const rows = readJsonLines(join(folder, "a/manifest.jsonl"));
    assert.deepEqual(rows.map(({ metadata }) => metadata), [{ speaker: "anna" }, {
      speaker: "b, c",
    }]);
    const lines = join(source, "list.jsonl");
    writeFileSync(lines, '{"path":"s1/c1.wav","n":1}\n\n{"path":"./s0/c2.wav","n":2}\n');
    await dataset(lines, join(folder, "b"), ["--seed", "1"]);
    const others = readJsonLines(join(folder, "b/manifest.jsonl"));
    assert.deepEqual(others.map(({ source, metadata }) => [source, metadata]), [
      ["s0/c2.wav", { n: 2 }],
      ["s1/c1.wav", { n: 1 }],
    ]);
    const file = "s1/c1.wav"; // the draw goes by the path, however it was listed
    assert.deepEqual(readFileSync(join(folder, "a", file)), readFileSync(join(folder, "b", file)));
    writeFileSync(lines, '{"path":"../list.csv"}\n');
    const outside = await runCli(["dataset", lines, join(folder, "c")]);
    assert.match(outside.stderr, /is outside of .*--root DIR/);
  }));

async function membersOf(path: string) {
  const members: { name: string; bytes: Uint8Array }[] = [];
  for await (const member of readMembers(path)) members.push(member);
  return members;
}

test("tar shards from files, and from tar shards", () =>
  withFolder(async (folder) => {
    const [source, tars, again] = ["in", "tars", "again"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    makeClips(source, 5);
    await dataset(source, tars, ["--tar", "3", "--seed", "1", "--p", "1"]);
    const first = await membersOf(join(tars, "000000.tar"));
    assert.deepEqual(first.map(({ name }) => name), [
      "s0/c0.wav",
      "s0/c0.augment.json",
      "s0/c2.wav",
      "s0/c2.augment.json",
      "s0/c4.wav",
      "s0/c4.augment.json",
    ]);
    await dataset(source, join(folder, "files"), ["--seed", "1", "--p", "1"]);
    const file = readFileSync(join(folder, "files/s0/c2.wav"));
    assert.deepEqual(Buffer.from(first[2]?.bytes ?? []), file);
    await dataset(tars, again, ["--copies", "2", "--seed", "2"]);
    const names = (await membersOf(join(again, "000001.tar"))).map(({ name }) => name);
    assert.deepEqual(names.slice(0, 4), [
      "s1/c1-0.wav",
      "s1/c1-0.augment.json",
      "s1/c1-1.wav",
      "s1/c1-1.augment.json",
    ]);
    const rows = readJsonLines(join(again, "manifest.jsonl"));
    assert.deepEqual(rows.map(({ member }) => member).slice(0, 2), ["s0/c0-0.wav", "s0/c0-1.wav"]);
    const before = readTree(again);
    rmSync(join(again, "000000.tar"));
    assert.equal((await dataset(tars, again, ["--copies", "2", "--seed", "2"]))["done"], 1);
    assert.deepEqual(readTree(again), before);
  }));

test("sources that differ only in their extension, and a target inside of the source", () =>
  withFolder(async (folder) => {
    const source = join(folder, "in");
    makeClips(source, 1);
    writeFileSync(join(source, "s0/c0.flac"), "bad");
    await dataset(source, join(folder, "out"), [], 1);
    assert.ok(existsSync(join(folder, "out/s0/c0.wav.wav")));
    const inside = await runCli(["dataset", source, join(source, "out")]);
    assert.equal(inside.code, 2);
    assert.match(inside.stderr, /is inside of/);
    const empty = await runCli(["dataset", join(folder, "nothing"), join(folder, "out2")]);
    assert.match(empty.stderr, /doesn't exist/);
  }));
