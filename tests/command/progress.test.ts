/** What a run tells while it goes on: plain lines now and then, or a bar in a terminal. */
import assert from "node:assert/strict";
import process from "node:process";
import { Progress } from "../../cli/progress.ts";
import { test } from "../harness.ts";

/** Lets a property be something else until it is given back. */
function replaced(object: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
  return () => {
    if (before) Object.defineProperty(object, name, before);
    else delete (object as Record<string, unknown>)[name];
  };
}

/** Runs a body with a clock of its own, and gives what it has written on standard error. */
async function written(
  isTerminal: boolean,
  body: (clock: { ms: number }, texts: string[]) => void | Promise<void>,
): Promise<string[]> {
  const clock = { ms: 5000 };
  const texts: string[] = [];
  const giveBack = [
    replaced(performance, "now", () => clock.ms),
    replaced(process.stderr, "isTTY", isTerminal),
    replaced(process.stderr, "columns", 80),
    replaced(process.stderr, "write", (text: unknown) => (texts.push(`${text}`), true)),
  ];
  try {
    await body(clock, texts);
  } finally {
    giveBack.forEach((give) => give());
  }
  return texts;
}

test("without a terminal a line is written each 10 seconds, and no more", async () => {
  const texts = await written(false, async (clock, texts) => {
    const progress = await Progress.create(false);
    progress.start(100, 20);
    assert.deepEqual(texts, ["20 of 100 files are done already\n"]);
    clock.ms += 9999;
    progress.add(60, 0);
    assert.equal(texts.length, 1);
    clock.ms += 1;
    progress.add(40, 2);
    assert.equal(texts.length, 2);
    clock.ms += 9999;
    progress.add(0, 0);
    assert.equal(texts.length, 2);
    clock.ms += 1;
    progress.add(100, 1);
    assert.deepEqual([progress.audioSeconds, progress.seconds, progress.timesRealTime], [
      200,
      20,
      10,
    ]);
    progress.stop();
    progress.say("a\x1bline");
  });
  assert.deepEqual(texts.slice(1, 3), [
    "files: 22/100, 6:30 min left, 2 failed, 10 × real time, 1:40 min of audio\n",
    "files: 24/100, 6:20 min left, 3 failed, 10 × real time, 3:20 min of audio\n",
  ]);
  assert.equal(texts.length, 4);
  assert.ok(!texts[3]?.includes("\x1b"), "what a name could hold is written out");
});

test("nothing is said of a start from nothing, nor by who is silent", async () => {
  const start = await written(false, async () => (await Progress.create(false)).start(3, 0));
  assert.deepEqual(start, []);
  for (const isTerminal of [false, true]) {
    const silent = await written(isTerminal, async (clock) => {
      const progress = await Progress.create(true);
      progress.start(3, 1);
      clock.ms += 60_000;
      progress.add(1, 1);
      progress.say("something");
      progress.stop();
    });
    assert.deepEqual(silent, []);
  }
});

test("how long it takes is known where the files are counted and one is through", async () => {
  const lines = async (total: number) =>
    (await written(false, async (clock) => {
      const progress = await Progress.create(false);
      progress.start(total, 0);
      clock.ms += 10_000;
      progress.add(5, 0);
    })).join("");
  assert.equal(await lines(0), "files: 1, 1 × real time, 5.0 s of audio\n");
  assert.equal(await lines(3), "files: 1/3, 20 s left, 1 × real time, 5.0 s of audio\n");
});

test("a bar makes room for a line and comes back; it has no plain lines beside it", async () => {
  const texts = await written(true, async (clock, texts) => {
    const progress = await Progress.create(false);
    clock.ms += 1;
    progress.start(10, 4);
    assert.ok(texts.some((text) => text.includes("█░")));
    assert.ok(texts.some((text) => text.includes(" 4/10, 0 × real time, 0 s of audio")));
    assert.ok(!texts.some((text) => text.includes("left")), "nobody knows yet");
    const before = texts.length;
    clock.ms += 60_000;
    progress.add(5, 0);
    progress.say("a line");
    const after = texts.slice(before);
    const at = after.indexOf("a line\n");
    assert.ok(at > 0, "the bar was cleared");
    assert.ok(after.slice(at).some((text) => text.includes("█")), "the bar is shown again");
    progress.stop();
    const ended = texts.length;
    progress.stop();
    assert.equal(texts.length, ended, "it ends once");
    progress.say("the end");
    assert.deepEqual(texts.slice(ended), ["the end\n"]);
  });
  assert.ok(!texts.some((text) => text.startsWith("files: ")));
});
