/** The lock of a data set's part: one process writes it, whatever happened to the one before. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { takeLock } from "../../cli/dataset/lock.ts";
import { projectPath, runScript, test } from "../harness.ts";
import { waitFor, withFolder } from "./cli.ts";

test("one process at a time has a lock, and a dead one's goes to the next", () =>
  withFolder(async (folder) => {
    const path = join(folder, "below", "lock");
    const { signal } = new AbortController();
    const said: string[] = [];
    const options = {
      signal,
      say: (text: string) => said.push(text),
      beatMs: 20,
      patienceMs: 400,
    };
    const take = () => takeLock(path, options);
    await (await take())();
    assert.ok(!existsSync(path));
    const first = await take();
    const [here = ""] = readFileSync(path, "utf8").split(" ");
    await first();
    // This process's own number: an earlier process had it.
    for (const owner of [`${here} ${process.pid} x`, `${here} 4194305 x`]) {
      writeFileSync(path, owner);
      await (await take())();
    }
    assert.deepEqual(said, []);
    writeFileSync(path, "elsewhere/pid:[1] 7 x");
    await (await take())(); // after a while without a sign of life
    assert.match(said.join(), /process 7 on elsewhere has/);
    const unlock = await takeLock(path, { ...options, beatMs: 1e9 }); // which never looks at it again
    const alive = `elsewhere ${process.pid} x`;
    writeFileSync(path, alive);
    const beat = setInterval(() => utimesSync(path, new Date(), new Date()), 20); // another machine's
    await assert.rejects(take(), /is writing the same outputs/).finally(() => clearInterval(beat));
    await unlock();
    assert.equal(readFileSync(path, "utf8"), alive); // not ours to remove
    const abort = new AbortController();
    const waiting = takeLock(path, { ...options, signal: abort.signal, patienceMs: 1e9 });
    abort.abort();
    await assert.rejects(waiting, { exitCode: 130 });
  }));

test("who was stopped for so long that another took the lock ends at once, and says why", () =>
  withFolder(async (folder) => {
    const path = join(folder, "lock");
    const outcome = runScript(projectPath("tests/scripts/lock.ts"), ["-A"], { parameters: [path] });
    await waitFor(() => existsSync(path) && readFileSync(path, "utf8") !== "");
    await delay(100); // it goes on as long as the lock is its own
    writeFileSync(path, "elsewhere 7 x");
    const { code, stdout } = await outcome;
    assert.deepEqual([code, stdout.trim().split("\n")], [3, [
      "locked",
      "another process has taken over, as this one seemed dead",
    ]]);
    assert.equal(readFileSync(path, "utf8"), "elsewhere 7 x");
  }));
