/** Merging: shards whose manifest, journal and plan don't agree are refused, and stay as they are. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readJsonLines, readTree, runCli, withFolder, writeWav } from "./cli.ts";
import { test } from "../harness.ts";
import { makeSignal } from "../signals.ts";

const RATE = 16000;

function makeClips(folder: string, count: number): void {
  for (let i = 0; i < count; i++) {
    writeWav(join(folder, `c${i}.wav`), [makeSignal(2000 + i, RATE, i)], RATE);
  }
}

async function runShards(source: string, target: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const args = ["--quiet", "--shard", `${index}/${count}`];
    const { code, stderr } = await runCli(["dataset", source, target, ...args]);
    assert.equal(code, 0, stderr);
  }
}

test("merge refuses shards that have lost a part of their records", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    makeClips(source, 8);
    await runShards(source, target, 2);
    const [journal, plan] = ["journal-1-of-2.jsonl", "plan-1-of-2.json"].map((name) =>
      join(target, ".mp3-augment", name)
    ) as [string, string];
    const manifest = join(target, "manifest-1-of-2.jsonl");
    const lines = readFileSync(journal, "utf8").trimEnd().split("\n");
    assert.ok(lines.length > 1);
    const rows = readFileSync(manifest, "utf8");
    const firstRow = rows.indexOf("\n") + 1;
    const damages: [string, () => void, RegExp][] = [
      [journal, () => rmSync(journal), /shard 1\/2: its journal is missing/],
      [journal, () => truncateSync(journal, 0), /has 0 sources .* its plan \d/],
      [journal, () => writeFileSync(journal, `${lines[0]}\n`), /has 1 sources .* its plan \d/],
      [journal, () => truncateSync(journal, lines[0]?.length), /ends within a line/],
      [journal, () => writeFileSync(journal, `{"unit":3}\n${lines.join("\n")}\n`), /is damaged/],
      [manifest, () => truncateSync(manifest, 0), /manifest-1-of-2\.jsonl is not what its journal/],
      [manifest, () => writeFileSync(manifest, rows.slice(firstRow)), /is not what its journal/],
      [plan, () => rmSync(plan), /its plan is missing or damaged/],
      [plan, () => writeFileSync(plan, "{}"), /its plan is missing or damaged/],
      [manifest, () => rmSync(manifest), /shards have not finished: 1\/2/],
    ];
    for (const [path, damage, message] of damages) {
      const good = readFileSync(path);
      damage();
      const before = readTree(target);
      const { code, stderr } = await runCli(["merge", target]);
      assert.equal(code, 3, `${message}: ${stderr}`);
      assert.match(stderr, message);
      assert.deepEqual(readTree(target), before);
      writeFileSync(path, good);
    }
    // What was lost is made again by the shard, and then all is there.
    rmSync(journal);
    const again = await runCli(["dataset", source, target, "--quiet", "--shard", "1/2"]);
    assert.equal(again.code, 0, again.stderr);
    writeFileSync(join(target, "manifest-0-of-9.jsonl.old"), ""); // says nothing of how many there are
    assert.equal((await runCli(["merge", target])).code, 0);
    assert.equal(readJsonLines(join(target, "manifest.jsonl")).length, 8);
    assert.ok(!existsSync(plan) && !existsSync(manifest));
  }));

test("merge refuses shards of sources that have changed between them", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    makeClips(source, 6);
    await runShards(source, target, 2);
    makeClips(source, 9);
    const one = await runCli(["dataset", source, target, "--quiet", "--shard", "0/2"]);
    assert.equal(one.code, 0, one.stderr);
    const { code, stderr } = await runCli(["merge", target, "--json"]);
    assert.equal(code, 3);
    assert.match(stderr, /the sources have changed between the shards/);
  }));

test("merge keeps a manifest that is none of a run's, and tells of what has failed", () =>
  withFolder(async (folder) => {
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    makeClips(source, 4);
    writeFileSync(join(source, "bad.wav"), "no audio");
    for (const shard of ["0/2", "1/2"]) {
      await runCli(["dataset", source, target, "--quiet", "--shard", shard]);
    }
    const manifest = join(target, "manifest.jsonl");
    writeFileSync(manifest, "mine\n");
    const refused = await runCli(["merge", target]);
    assert.equal(refused.code, 2, refused.stderr);
    assert.equal(readFileSync(manifest, "utf8"), "mine\n");
    const merged = await runCli(["merge", target, "--force", "--json"]);
    assert.equal(merged.code, 0, merged.stderr);
    const { files, outputs, failed } = JSON.parse(merged.stdout.toString());
    assert.deepEqual([files, outputs, failed], [5, 4, 1]);
    const whole = join(folder, "whole");
    await runCli(["dataset", source, whole, "--quiet"]);
    assert.deepEqual(readTree(target), readTree(whole));
  }));
