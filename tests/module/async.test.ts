/** Calls in the background: the event loop, aborts, the caller's freedom, the process's end. */
import assert from "node:assert/strict";
import { compressRoundtrip, compressRoundtripAsync, Mp3AugmentError } from "../../mod.ts";
import { projectPath, runScript } from "../harness.ts";
import { makeSignal, randomNumbers, realAudio, sameBits } from "../signals.ts";
import { testWithin } from "../within.ts";

const OPTIONS = { sampleRate: 44100, bitrateKbps: 64 } as const;

testWithin(60, "the event loop stays free", async () => {
  const long = makeSignal(44100 * 60, 44100);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await compressRoundtripAsync(long, { ...OPTIONS, quality: 0 }); // on a busy machine, too
  clearInterval(timer);
  assert.ok(ticks >= 5, `${ticks} ticks`);
});

testWithin(60, "the input may change, go or be transferred at once", async () => {
  const input = realAudio().slice(0, 60000);
  const expected = compressRoundtrip(input, OPTIONS);
  const changed = input.slice();
  const first = compressRoundtripAsync(changed, OPTIONS);
  changed.fill(0.5);
  const transferred = input.slice();
  const second = compressRoundtripAsync(transferred, OPTIONS);
  structuredClone(transferred, { transfer: [transferred.buffer] });
  assert.equal(transferred.length, 0);
  assert.ok(sameBits(await first, expected));
  assert.ok(sameBits(await second, expected));
});

testWithin(60, "out that is transferred meanwhile is an error", async () => {
  const input = realAudio().slice(0, 60000);
  const out = new Float32Array(input.length);
  const call = compressRoundtripAsync(input, { ...OPTIONS, out });
  structuredClone(out, { transfer: [out.buffer] });
  await assert.rejects(
    call,
    (error) => error instanceof Mp3AugmentError && error.code === "INVALID_AUDIO",
  );
});

testWithin(60, "100 calls at once", async () => {
  const inputs = Array.from({ length: 100 }, (_, i) => makeSignal(3000 + 501 * i, 44100, i));
  const outputs = await Promise.all(inputs.map((x) => compressRoundtripAsync(x, OPTIONS)));
  outputs.forEach((output, i) => {
    const input = inputs[i] as Float32Array;
    assert.ok(sameBits(output, compressRoundtrip(input, OPTIONS)), `call ${i}`);
  });
});

testWithin(60, "aborts at random moments", async () => {
  const random = randomNumbers(7);
  const input = makeSignal(44100 * 10, 44100);
  const expected = compressRoundtrip(input, OPTIONS);
  const reason = new Error("enough");
  let abortedCount = 0;
  const calls = Array.from({ length: 100 }, async (_, i) => {
    const controller = new AbortController();
    const call = compressRoundtripAsync(input, { ...OPTIONS, signal: controller.signal });
    const abort = () => controller.abort(reason);
    // Every third at once, so that some abort on any machine; the others whenever.
    const timer = setTimeout(abort, random() * 150);
    if (i % 3 === 0) abort();
    try {
      assert.ok(sameBits(await call, expected));
    } catch (error) {
      assert.equal(error, reason);
      abortedCount++;
    } finally {
      clearTimeout(timer);
    }
  });
  await Promise.all(calls);
  assert.ok(abortedCount > 20, `${abortedCount} aborted`);
  assert.ok(sameBits(await compressRoundtripAsync(input, OPTIONS), expected), "works afterwards");
});

testWithin(60, "a signal that is already aborted", async () => {
  const signal = AbortSignal.abort("no");
  await assert.rejects(
    compressRoundtripAsync(makeSignal(100, 44100), { ...OPTIONS, signal }),
    (reason) => reason === "no",
  );
});

testWithin(60, "errors reject, also those found on the other thread", async () => {
  const input = makeSignal(5000, 44100);
  input[4999] = NaN;
  const code = (expected: string) => (error: unknown) =>
    error instanceof Mp3AugmentError && error.code === expected;
  await assert.rejects(compressRoundtripAsync(input, OPTIONS), code("NON_FINITE_AUDIO"));
  await assert.rejects(
    compressRoundtripAsync(new Float32Array(0), OPTIONS),
    code("EMPTY_AUDIO"),
  );
  const signal = "soon" as unknown as AbortSignal;
  await assert.rejects(
    compressRoundtripAsync(makeSignal(10, 44100), { ...OPTIONS, signal }),
    code("INVALID_OPTION"),
  );
});

for (const script of ["exits", "awaits", "exits-early", "worker"]) {
  testWithin(60, `a process of its own: ${script}`, async () => {
    const path = projectPath(`tests/scripts/${script}.ts`);
    const outcome = await runScript(path, ["--allow-ffi", "--allow-env", "--allow-read"]);
    assert.equal(outcome.stderr, "");
    assert.equal(outcome.stdout.trim(), "done");
    assert.equal(outcome.code, 0);
  });
}
