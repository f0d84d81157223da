/** What a run finds and plans, without running it: names, outputs, shards, tasks. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import type { Task } from "../../cli/dataset/plan.ts";
import { countSkipped, planUnits, type Unit } from "../../cli/dataset/plan.ts";
import type { Settings } from "../../cli/dataset/settings.ts";
import { doneOf, type Outcome } from "../../cli/dataset/task.ts";
import { Tasks } from "../../cli/dataset/tasks.ts";
import { findTwins } from "../../cli/dataset/twins.ts";
import { EXIT } from "../../cli/errors.ts";
import { withFolder } from "./cli.ts";
import { test } from "../harness.ts";

const SETTINGS: Settings = {
  compression: { p: 1 },
  copies: 1,
  seed: 1,
  format: { container: "wav", samples: "16" },
  channelGroups: "pairs",
};

/** Empty files: nobody reads them here. */
function makeFiles(folder: string, names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), "");
  }
}

const outputsOf = (units: readonly Unit[]) =>
  Object.fromEntries(units.map(({ name, outputs }) => [name, outputs.join(" ")]));

/** What this becomes; or what is wrong with it. */
async function planOf(folder: string, names: readonly string[], more: Partial<Settings> = {}) {
  const source = join(folder, `in${Math.random()}`);
  mkdirSync(source);
  makeFiles(source, names);
  return await planUnits({ source }, { ...SETTINGS, ...more });
}

async function wrongWith(folder: string, names: readonly string[], more: Partial<Settings> = {}) {
  const planned = planOf(folder, names, more).then(() => assert.fail("it is planned"));
  const error = await planned.catch((error) => error) as { message: string; exitCode: number };
  assert.equal(error.exitCode, EXIT.usage);
  return error.message;
}

test("outputs have the sources' names, sorted by these, and a number where there are copies", () =>
  withFolder(async (folder) => {
    const names = ["b/c.flac", "b-.wav", "a.MP3", "b.d/e.wav", "s.tar", "p.parquet", "Z.aiff"]
      .concat("q.parquet.mp3", "s.tar.flac");
    const { units, failures, skipped } = await planOf(folder, names);
    assert.deepEqual([failures, skipped], [[], []]);
    assert.deepEqual(units.map(({ name }) => name), [...names].sort());
    assert.deepEqual(outputsOf(units), {
      "Z.aiff": "Z.wav",
      "a.MP3": "a.wav",
      "b-.wav": "b-.wav",
      "b.d/e.wav": "b.d/e.wav",
      "b/c.flac": "b/c.wav",
      "p.parquet": "p.parquet",
      "q.parquet.mp3": "q.parquet.wav",
      "s.tar": "s.tar",
      "s.tar.flac": "s.tar.wav",
    });
    const kinds = units.map(({ isTar, isParquet, isAlone }) => [isTar, isParquet, isAlone]);
    const file = [false, false, undefined];
    assert.deepEqual(kinds.slice(-4), [
      ...[[false, true, undefined], file, [true, false, undefined], file],
    ]);
    const copied = await planOf(folder, ["a.wav", "s.tar"], { copies: 3 });
    assert.deepEqual(outputsOf(copied.units), {
      "a.wav": "a-0.wav a-1.wav a-2.wav",
      "s.tar": "s.tar",
    });
  }));

test("outputs that would be the same, or a folder's, keep their source's extension", () =>
  withFolder(async (folder) => {
    const of = async (names: string[], more?: Partial<Settings>) =>
      outputsOf((await planOf(folder, names, more)).units);
    assert.deepEqual(await of(["a.flac", "a.wav", "b.wav"]), {
      "a.flac": "a.flac.wav",
      "a.wav": "a.wav.wav",
      "b.wav": "b.wav",
    });
    assert.deepEqual(await of(["a.flac", "a.wav/b.mp3"]), {
      "a.flac": "a.flac.wav",
      "a.wav/b.mp3": "a.wav/b.wav",
    });
    assert.deepEqual(await of(["a.flac", "a-1.wav/b.mp3"], { copies: 2 }), {
      "a.flac": "a.flac-0.wav a.flac-1.wav",
      "a-1.wav/b.mp3": "a-1.wav/b-0.wav a-1.wav/b-1.wav",
    });
    assert.deepEqual(await of(["a.flac", "a.d/b/c.wav"]), {
      "a.flac": "a.wav",
      "a.d/b/c.wav": "a.d/b/c.wav",
    });
    assert.deepEqual(await of(["a.flac", "a.wav/b/c.mp3", "x/y.mp3"]), {
      "a.flac": "a.flac.wav",
      "a.wav/b/c.mp3": "a.wav/b/c.wav",
      "x/y.mp3": "x/y.wav",
    });
    assert.deepEqual(await of(["a.flac", "a.wavs/b.mp3"]), {
      "a.flac": "a.wav",
      "a.wavs/b.mp3": "a.wavs/b.wav",
    });
    // Where that doesn't help either, it is told.
    const both = "would both become a.flac.wav: rename one";
    assert.equal(
      await wrongWith(folder, ["a.flac", "a.wav", "a.flac.mp3"]),
      `a.flac and a.flac.mp3 ${both}`,
    );
    assert.equal(
      await wrongWith(folder, ["a.flac", "a.wav/b.mp3", "a.flac.wav/c.mp3"]),
      "a.flac would become a.flac.wav, which is a folder too: rename it",
    );
    const own = ["manifest.jsonl", "manifest-10-of-12.jsonl"];
    for (const name of own) {
      assert.equal(
        await wrongWith(folder, [`${name}/a.flac`]),
        `${name}/a.flac would become ${name}/a.wav, which is this command's own: rename it`,
      );
    }
    const others = [...own.map((name) => `x/${name}`), "manifest-1.jsonl", "manifest.jsonl.d"];
    for (const name of others) await of([`${name}/a.flac`]);
  }));

test("--tar packs files in their order, under keys that no two have", () =>
  withFolder(async (folder) => {
    const names = ["a.wav", "b/a.x.wav", "b/a_x.wav", "b.d/c.flac", "e.f.gh.wav"];
    const { units } = await planOf(folder, names, { tarSize: 2 });
    assert.deepEqual(units.map(({ files, ...unit }) => [unit, files?.map(({ name }) => name)]), [
      [{ name: "000000.tar", path: "", outputs: ["000000.tar"], isTar: true }, [
        "a.wav",
        "b.d/c.flac",
      ]],
      [{ name: "000001.tar", path: "", outputs: ["000001.tar"], isTar: true }, [
        "b/a.x.wav",
        "b/a_x.wav",
      ]],
      [{ name: "000002.tar", path: "", outputs: ["000002.tar"], isTar: true }, ["e.f.gh.wav"]],
    ]);
    const files = units.flatMap(({ files = [] }) => files);
    // SHA-256 of the names, as sha256sum has it.
    assert.deepEqual(files.map(({ key }) => key), [
      "a",
      "b.d/c",
      "b/a_x_2153d105",
      "b/a_x_86fe340c",
      "e_f_gh",
    ]);
    assert.ok(files.every(({ name, path }) => path.endsWith(name) && path === resolve(path)));
    const shard = /is a shard already: leave out --tar/;
    for (const name of ["s.tar", "p.parquet"]) {
      assert.match(await wrongWith(folder, ["a.wav", name], { tarSize: 2 }), shard);
    }
    const hashed = files.find(({ name }) => name === "b/a.x.wav")?.key;
    assert.equal(
      await wrongWith(folder, [...names, `${hashed}.mp3`], { tarSize: 2 }),
      `b/a.x.wav and ${hashed}.mp3 would both have the key ${hashed}: rename one`,
    );
    const many = Array.from({ length: 21 }, (_, i) => `${i}.wav`);
    assert.equal((await planOf(folder, many, { tarSize: 10 })).units.length, 3);
  }));

test("what is left out is counted, and a source that isn't one is told", () =>
  withFolder(async (folder) => {
    const names = [
      "a.wav",
      "b.m4a",
      "c/d.M4A",
      "c/e.wma",
      "readme.txt",
      ".hidden.wav",
      ".git/f.wav",
    ];
    const { units, skipped } = await planOf(folder, names);
    assert.deepEqual(units.map(({ name }) => name), ["a.wav"]);
    assert.equal(countSkipped(skipped), ".m4a 2, .wma 1");
    assert.match(
      await wrongWith(folder, ["b.wma", "c.m4a", "d.m4a"]),
      /holds no WAV, AIFF, FLAC, Ogg, MP3, tar or Parquet files \(but \.m4a 2, \.wma 1\)$/,
    );
    assert.match(await wrongWith(folder, ["readme.txt"]), /or Parquet files$/);
    makeFiles(folder, ["one.wav", "one.txt"]);
    mkdirSync(join(folder, "folder.list.csv"));
    const planned = (source: string, more: object = {}) =>
      planUnits({ source: join(folder, source), ...more }, SETTINGS);
    const { units: [one, ...others] } = await planned("one.wav");
    assert.deepEqual([one?.name, one?.path, one?.isAlone, one?.outputs, others], [
      ...["one.wav", resolve(folder, "one.wav"), true, ["one.wav"], []],
    ]);
    await assert.rejects(planned("none.wav"), { message: /none\.wav doesn't exist$/, exitCode: 3 });
    await assert.rejects(planned("one.txt"), {
      message: /one\.txt is no folder, no list \(\.jsonl, \.csv, \.jsonl\.gz\) and no sound file$/,
      exitCode: 2,
    });
    if (process.platform === "linux") {
      spawnSync("mkfifo", [join(folder, "pipe.wav")]);
      await assert.rejects(planned("pipe.wav"), {
        message: /pipe\.wav: it is a pipe, not a file$/,
      });
    }
    symlinkSync("one.wav", join(folder, "linked.wav"));
    assert.deepEqual((await planned("linked.wav")).units.map(({ name }) => name), ["linked.wav"]);
  }));

test("a folder that can't be read is told of; what is packed into shards would be another", () =>
  withFolder(async (folder) => {
    if (process.platform !== "linux") return; // elsewhere names are text
    const source = join(folder, "in");
    makeFiles(source, ["b/c.txt"]);
    // A name that isn't UTF-8: no program that takes names for text can open it.
    const made = spawnSync("sh", ["-c", `mkdir "$(printf 'a\\351')"`], { cwd: source });
    assert.equal(made.status, 0);
    const { units, failures } = await planUnits({ source }, SETTINGS);
    assert.deepEqual(units, []);
    assert.deepEqual(failures, [{ source: "a\ufffd/", reason: "there is no such file" }]);
    makeFiles(source, ["d.wav"]);
    await assert.rejects(planUnits({ source }, { ...SETTINGS, tarSize: 2 }), {
      message: "a\ufffd/ can't be packed into shards: there is no such file",
      exitCode: 3,
    });
    assert.equal((await planUnits({ source }, SETTINGS)).units.length, 1);
    // A file of such a name fails by itself.
    spawnSync("sh", ["-c", `rmdir a*; touch "$(printf 'e\\351.wav')"`], { cwd: source });
    const packed = await planUnits({ source }, { ...SETTINGS, tarSize: 2 });
    assert.equal(packed.units.length, 1);
    assert.match(packed.failures[0]?.reason ?? "", /^its name is not UTF-8/);
  }));

test("lists: a file once, with all that its lines say of it; twice the same is an error", () =>
  withFolder(async (folder) => {
    const list = join(folder, "list.jsonl");
    const plan = (lines: object[], more: Partial<Settings> = {}, root?: string) => {
      writeFileSync(list, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
      return planUnits({ source: list, ...(root && { root }) }, { ...SETTINGS, ...more });
    };
    const lines = [
      { path: "b.wav", from: 1 },
      { path: "./a.wav" },
      { path: "x/../b.wav", from: 2 },
      { path: join(folder, "c.wav"), text: "c" },
    ];
    const { units } = await plan(lines);
    const said = units.map(({ name, metadata, isAlone }) => [name, metadata?.length, isAlone]);
    assert.deepEqual(said, [["a.wav", undefined, undefined], ["b.wav", 2, undefined], [
      "c.wav",
      1,
      undefined,
    ]]);
    assert.equal(units[0]?.path, resolve(folder, "a.wav"));
    await assert.rejects(plan([{ path: "b.wav", x: 1 }, { path: "b.wav", x: 1 }]), {
      message: /list\.jsonl lists b\.wav twice$/,
      exitCode: 2,
    });
    await assert.rejects(plan([{ path: "b.wav" }, { path: "b.wav" }]), /lists b\.wav twice$/);
    await assert.rejects(plan(lines, { tarSize: 3 }), {
      message: "--tar makes one sample of each file, but several lines list b.wav",
    });
    const { units: [packed] } = await plan(lines.slice(1), { tarSize: 3 });
    assert.deepEqual(packed?.files?.map((file) => "metadata" in file), [false, true, true]);
    assert.deepEqual(packed.files[2]?.metadata?.map(({ text }) => text), ["c"]);
    await assert.rejects(plan([{ path: "../a.wav" }]), {
      message:
        /^\.\.\/a\.wav in .*list\.jsonl is outside of .*: --root DIR names the folder above all$/,
      exitCode: 2,
    });
    const rooted = await plan([{ path: join(folder, "a.wav") }], {}, dirname(folder));
    assert.match(rooted.units[0]?.name ?? "", /^mp3-augment-cli-\w+\/a\.wav$/);
    assert.equal((await plan([{ path: "..a.wav" }])).units[0]?.name, "..a.wav");
  }));

test("texts that several items have, or one twice, are found, and no others", () => {
  const items = [["a", "b"], ["c"], ["b", "d"], ["e", "e"], ["f"]];
  assert.deepEqual(
    [...findTwins(items, (item) => item)],
    [["b", [items[0], items[2]]], ["e", [items[3], items[3]]]],
  );
  assert.deepEqual([...findTwins([["a"], ["b"]], (item) => item)], []);
  // FNV-1a of these two is the same.
  assert.deepEqual([...findTwins([["costarring"], ["liquid"]], (item) => item)], []);
});

const unitOf = (name: string, copies: number, more: Partial<Unit> = {}): Unit => ({
  ...{ name, path: `/${name}`, isTar: false },
  outputs: Array.from({ length: copies }, (_, copy) => `${name}-${copy}`),
  ...more,
});

function tasksOf(units: readonly Unit[], copies: number, threads: number) {
  const begun: string[] = [];
  const tasks = new Tasks(units, copies, threads, (unit, outputs) => {
    begun.push(`${unit}: ${outputs.join(" ")}`);
    return `partial ${begun.length}`;
  });
  const all: Task[] = [];
  const left = [tasks.leftCount];
  for (let task = tasks.next(); task; task = tasks.next()) {
    all.push(task);
    left.push(tasks.leftCount);
  }
  return { tasks, all, begun, left };
}

test("few units are cut into tasks of some copies, so that each thread has some; many aren't", () => {
  const cut = (unitCount: number, copies: number, threads: number) => {
    const units = Array.from({ length: unitCount }, (_, i) => unitOf(`u${i}`, copies));
    const { tasks, all } = tasksOf(units, copies, threads);
    assert.equal(all.length, tasks.count);
    return all.map(({ unit, from, to, threads }) => `${unit.name} ${from}-${to} ${threads}`);
  };
  // Of 20 copies in 8 tasks: 3 in each.
  assert.deepEqual(
    cut(1, 20, 2),
    [0, 3, 6, 9, 12, 15, 18].map((from) => `u0 ${from}-${Math.min(20, from + 3)} 1`),
  );
  assert.deepEqual(cut(1, 1, 8), ["u0 0-1 8"]);
  assert.deepEqual(cut(2, 1, 8), ["u0 0-1 4", "u1 0-1 4"]);
  assert.deepEqual(cut(3, 1, 8), ["u0 0-1 2", "u1 0-1 2", "u2 0-1 2"]);
  assert.deepEqual(cut(7, 2, 2).length, 7 * 1);
  assert.deepEqual(cut(7, 3, 2)[0], "u0 0-3 1");
  assert.deepEqual(cut(8, 3, 2)[0], "u0 0-3 1");
  assert.deepEqual(cut(7, 9, 2).slice(0, 2), ["u0 0-8 1", "u0 8-9 1"]);
  assert.deepEqual(cut(8, 9, 2).length, 8);
  assert.deepEqual(cut(90, 9, 2).at(-1), "u89 0-9 1");
  const files = [{ name: "a.wav", path: "/a.wav" }];
  const { all: [packed] } = tasksOf([unitOf("t.tar", 1, { isTar: true, files })], 1, 1);
  assert.deepEqual(packed?.unit.files, files);
  const shards = [
    unitOf("s.tar", 1, { isTar: true }),
    unitOf("p", 1, { isParquet: true, isAlone: true }),
  ];
  const { all, begun, left } = tasksOf([...shards, unitOf("f", 4, { metadata: [{ a: 1 }] })], 4, 2);
  assert.deepEqual(left, [4, 3, 2, 1, 0]);
  assert.deepEqual(begun, ["s.tar: s.tar-0", "p: p-0", "f: f-0 f-1", "f: f-2 f-3"]);
  assert.deepEqual(all.map(({ id, partial }) => `${id} ${partial}`), [
    ...["1 partial 1", "2 partial 2", "3 partial 3", "4 partial 4"],
  ]);
  assert.deepEqual(all.map(({ unit }) => unit), [
    { name: "s.tar", path: "/s.tar", isTar: true },
    { name: "p", path: "/p", isTar: false, isParquet: true, isAlone: true },
    ...Array(2).fill({ name: "f", path: "/f", isTar: false, metadata: [{ a: 1 }] }),
  ]);
});

test("a unit's tasks together are what one would have been; it fails if one of them does", () => {
  const done = (task: Task, failed = false): Outcome => ({
    done: doneOf({
      unit: task.unit.name,
      outputs: task.outputs.map((path) => ({ path, byteSize: 1, sha256: "x" })),
      rows: task.outputs.map((output) => ({ output, durationSeconds: 2 }) as never),
      ...(failed && { failures: [{ source: "s", reason: "r" }] }),
    }),
  });
  const run = (ends: readonly ((task: Task) => Outcome)[]) => {
    const { tasks, all } = tasksOf([unitOf("u", 4)], 4, 1);
    assert.equal(all.length, 4);
    return [2, 0, 3, 1].map((index) =>
      // whatever ends first
      tasks.end(all[index] as Task, (ends[index] ?? done)(all[index] as Task) as never)
    );
  };
  const [none, noneYet, notYet, end] = run([]);
  assert.deepEqual([none, noneYet, notYet], [undefined, undefined, undefined]);
  assert.ok(end && "done" in end);
  const { outputs, rows, unit } = JSON.parse(end.done.line);
  assert.deepEqual([unit, outputs.map(({ path }: { path: string }) => path)], ["u", [
    "u-0",
    "u-1",
    "u-2",
    "u-3",
  ]]);
  assert.deepEqual(rows.map(({ output }: { output: string }) => output), [
    "u-0",
    "u-1",
    "u-2",
    "u-3",
  ]);
  assert.equal(end.done.audioSeconds, 8);
  const failed = run([
    done,
    () => ({ reason: "bad", left: ["u-1"] }),
    done,
    () => ({ reason: "too" }),
  ]);
  const made = ["u-0", "u-2"].map((path) => ({ path, byteSize: 1, sha256: "x" }));
  assert.deepEqual(failed.at(-1), { reason: "bad", made, left: ["u-1"] });
  assert.equal(run([done, () => ({ isStopped: true })]).at(-1), undefined);
  const { tasks, all: [only] } = tasksOf([unitOf("one", 1)], 1, 1);
  const outcome = done(only as Task, true);
  assert.deepEqual(tasks.end(only as Task, outcome as never), outcome);
  assert.equal(tasks.end(only as Task, { isStopped: true }), undefined);
  const lost = tasks.end(only as Task, { reason: "lost" });
  assert.deepEqual(lost, { reason: "lost", made: [], left: [] });
});
