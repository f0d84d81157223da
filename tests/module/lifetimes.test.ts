/**
 * What C has made is ended once each and never used afterwards, however a call or a stream ends: an
 * account of all calls into the library tells, not the memory of the process.
 */
import assert from "node:assert/strict";
import {
  type Audio,
  compressPcm16,
  compressPcm16Async,
  compressRoundtrip,
  compressRoundtripAsync,
  compressRoundtripBatch,
  decodeMp3,
  decodeMp3Async,
  encodeMp3,
  encodeMp3Async,
  Mp3DecoderStream,
  Mp3EncoderStream,
  Mp3RoundtripStream,
  probeMp3,
} from "../../mod.ts";
import { NativeHandle } from "../../src/handle.ts";
import { resample } from "../../src/resample.ts";
import { library } from "../../src/native.ts";
import type { Handle } from "../../ffi/symbols.ts";
import { garbageCollector } from "../harness.ts";
import { testWithin, within } from "../within.ts";
import { makeSignal } from "../signals.ts";

const OPTIONS = { sampleRate: 44100, bitrateKbps: 64 } as const;
const SHORT = makeSignal(30_000, 44100);
/** Slow enough to be under way still. */
const LONG = makeSignal(44100 * 30, 44100);
const SLOW = { ...OPTIONS, quality: 0 } as const;
const MP3 = encodeMp3(SHORT, OPTIONS);

type Calls = Record<string, (...parameters: unknown[]) => unknown>;

/** All that the library made since, and what became of it. */
class Account {
  madeCount = 0;
  cancelledCount = 0;
  readonly live = new Set<unknown>();
  readonly faults: string[] = [];
  /** An address may be given out again. */
  readonly #dead = new Set<unknown>();

  note(name: string, parameters: unknown[], result: unknown): void {
    const [first] = parameters;
    if (this.#dead.has(first)) this.faults.push(`${name} after its end`);
    if (/_(job_start|stream_create)$/.test(name) && result !== null) {
      this.madeCount++;
      this.live.add(result);
      this.#dead.delete(result);
    }
    if (/_(job_end|stream_destroy)$/.test(name) && this.live.delete(first)) {
      this.#dead.add(first);
    }
    if (name === "mp3a_job_cancel") this.cancelledCount++;
  }

  /** Until all is ended that ends by itself. */
  async settle(): Promise<void> {
    for (let i = 0; i < 400 && this.live.size > 0; i++) await sleep(10);
    assert.deepEqual(this.faults, []);
    assert.equal(this.live.size, 0, `of ${this.madeCount} so many were never ended`);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Keeps an account of the calls of the body. */
async function accounting(body: (account: Account) => Promise<void>): Promise<void> {
  const account = new Account();
  const calls = library().native as unknown as Calls;
  const originals = { ...calls };
  for (const [name, call] of Object.entries(originals)) {
    calls[name] = (...parameters) => {
      const result = call(...parameters);
      account.note(name, parameters, result);
      return result;
    };
  }
  try {
    await body(account);
    await account.settle();
  } finally {
    Object.assign(calls, originals);
  }
}

// First of all: with a mistake here the others may end the process.
testWithin(60, "a forgotten handle is freed once, a freed one no more", async () => {
  const freed: string[] = [];
  const make = (name: string) =>
    new NativeHandle(name as unknown as Handle, (p) => void freed.push(p as unknown as string));
  const isFreed = make("freed");
  isFreed.free();
  isFreed.free();
  assert.deepEqual(freed, ["freed"]);
  assert.throws(() => isFreed.pointer, { code: "INVALID_OPTION", message: /closed/ });
  (() => {
    for (let i = 0; i < 20; i++) make("forgotten");
    make("freed").free();
  })();
  const collectGarbage = await garbageCollector();
  const garbage: unknown[] = [];
  for (let i = 0; i < 500 && !freed.includes("forgotten"); i++) {
    collectGarbage?.();
    garbage.push(new Float64Array(1 << 17).fill(i));
    if (garbage.length > 20) garbage.length = 0;
    await sleep(2);
  }
  assert.ok(freed.includes("forgotten"), "no garbage was freed");
  await sleep(20);
  assert.equal(freed.filter((name) => name === "freed").length, 2);
  assert.ok(freed.filter((name) => name === "forgotten").length <= 20);
});

testWithin(
  30,
  "a job is ended once: its result taken, refused, or of no use",
  () =>
    accounting(async (account) => {
      await compressRoundtripAsync(SHORT, OPTIONS);
      await encodeMp3Async(SHORT, OPTIONS);
      await decodeMp3Async(MP3);
      const bad = SHORT.slice();
      bad[20_000] = NaN;
      await assert.rejects(compressRoundtripAsync(bad, OPTIONS), { code: "NON_FINITE_AUDIO" });
      await assert.rejects(encodeMp3Async(bad, OPTIONS), { code: "NON_FINITE_AUDIO" });
      await assert.rejects(decodeMp3Async(new Uint8Array(5000)), { code: "CORRUPT_MP3" });
      const out = new Float32Array(SHORT.length);
      const refused = compressRoundtripAsync(SHORT, { ...OPTIONS, out });
      structuredClone(out, { transfer: [out.buffer] });
      await assert.rejects(refused, { code: "INVALID_AUDIO" });
      assert.equal(account.madeCount, 7);
      assert.equal(account.live.size, 0, "all ended before their promises settled");
    }),
);

testWithin(
  30,
  "an abort rejects before anything else happens, and the job ends soon",
  () =>
    accounting(async (account) => {
      for (const call of [compressRoundtripAsync, encodeMp3Async]) {
        const controller = new AbortController();
        let settled: unknown;
        call(LONG, { ...SLOW, signal: controller.signal }).catch((reason) => settled = reason);
        await sleep(10);
        controller.abort("enough");
        for (let i = 0; i < 10; i++) await Promise.resolve(); // no timer, no other event
        assert.equal(settled, "enough");
        assert.equal(account.live.size, 1, "the job is under way still");
        assert.equal(account.cancelledCount, account.madeCount);
        await account.settle();
      }
    }),
);

testWithin(
  30,
  "a signal that aborts after the end touches no job",
  () =>
    accounting(async (account) => {
      const controller = new AbortController();
      const { signal } = controller;
      await compressRoundtripAsync(SHORT, { ...OPTIONS, signal });
      await encodeMp3Async(SHORT, { ...OPTIONS, signal });
      await decodeMp3Async(MP3, { signal });
      await assert.rejects(decodeMp3Async(new Uint8Array(5000), { signal }));
      controller.abort();
      assert.equal(account.cancelledCount, 0);
    }),
);

for (const ending of ["abort", "throw"] as const) {
  testWithin(
    30,
    `a batch's ${ending} cancels what is under way and starts no more`,
    () =>
      accounting(async (account) => {
        const controller = new AbortController();
        const reason = new Error("enough");
        const jobs = Array.from({ length: 40 }, (_, i) => ({ samples: i ? LONG : SHORT, ...SLOW }));
        const batch = compressRoundtripBatch(jobs, {
          signal: controller.signal,
          onProgress: () => {
            if (ending === "throw") throw reason;
            controller.abort(reason);
          },
        });
        await assert.rejects(batch, (error) => error === reason);
        const startedCount = account.madeCount;
        assert.ok(startedCount < 40, `${startedCount} were started`);
        await Promise.resolve();
        assert.equal(account.cancelledCount, startedCount - 1, "all but the one that was through");
        await account.settle();
        assert.equal(account.madeCount, startedCount);
      }),
  );
}

type Ending = "end" | "abort" | "cancel" | "bad chunk" | "dispose" | "cut";

/** Writes into a new stream, reads something, and ends it so. */
async function use(make: () => ReadableWritablePair & Disposable, good: unknown, ending: Ending) {
  const stream = make();
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  const first = reader.read();
  await writer.write(good);
  await first;
  if (ending === "abort") await writer.abort("enough");
  if (ending === "cancel") await reader.cancel("enough");
  if (ending === "dispose") stream[Symbol.dispose]();
  if (ending === "bad chunk") {
    const read = assert.rejects(reader.read());
    await assert.rejects(writer.write("audio"), { code: "INVALID_AUDIO" });
    await read;
  }
  if (ending === "end" || ending === "cut") {
    const drained = (async () => {
      while (!(await reader.read()).done);
    })();
    if (ending === "end") await writer.close();
    else await writer.abort("cut");
    await drained.catch((reason) => assert.equal(reason, "cut"));
  }
  return stream;
}

const STREAMS: [string, () => ReadableWritablePair & Disposable, unknown][] = [
  ["round trip", () => new Mp3RoundtripStream(OPTIONS), [SHORT]],
  ["encoder", () => new Mp3EncoderStream(OPTIONS), [SHORT]],
  ["decoder", () => new Mp3DecoderStream(), MP3.subarray(0, 1500)],
];

for (const [name, make, good] of STREAMS) {
  testWithin(
    30,
    `${name}: the codec is freed at every end, at once`,
    () =>
      accounting(async (account) => {
        for (const ending of ["end", "abort", "cancel", "bad chunk", "dispose", "cut"] as const) {
          const stream = await within(5, use(make, good, ending));
          assert.equal(account.live.size, 0, ending);
          stream[Symbol.dispose]();
          assert.deepEqual(account.faults, [], ending);
        }
        assert.equal(account.madeCount, 6);
      }),
  );
}

/** All blocks of a stream. */
async function drain(blocks: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of blocks);
}

const STEREO = [SHORT, SHORT];
const CODES = new Int16Array(9000);
const from = <T>(chunk: T) =>
  new ReadableStream<T>({ // not of a library's own making
    start(controller) {
      controller.enqueue(chunk);
      controller.close();
    },
  });
/** Functions of C that can fail, and calls that need them. */
const FALLIBLE: [names: string, call: () => unknown][] = [
  ["roundtrip", () => compressRoundtrip(STEREO, OPTIONS)],
  ["roundtrip_job_start roundtrip_job_end", () => compressRoundtripAsync(STEREO, OPTIONS)],
  ["roundtrip_job_end", () => compressRoundtripBatch([{ samples: SHORT, ...OPTIONS }])],
  ["roundtrip_pcm16", () => compressPcm16(CODES, OPTIONS)],
  [
    "roundtrip_pcm16_job_start roundtrip_pcm16_job_end",
    () => compressPcm16Async(CODES, OPTIONS),
  ],
  ["encode", () => encodeMp3(SHORT, OPTIONS)],
  ["encode_job_start encode_job_end", () => encodeMp3Async(SHORT, OPTIONS)],
  ["probe", () => probeMp3(MP3)],
  ["decode", () => decodeMp3(MP3)],
  ["decode_job_start decode_job_info decode_job_end", () => decodeMp3Async(MP3)],
  [
    "encode_stream_create encode_stream_write encode_stream_finish encode_stream_tag",
    () => drain(from<Audio>(SHORT).pipeThrough(new Mp3EncoderStream(OPTIONS))),
  ],
  [
    "roundtrip_stream_create roundtrip_stream_write roundtrip_stream_finish",
    () => drain(from<Audio>(SHORT).pipeThrough(new Mp3RoundtripStream(OPTIONS))),
  ],
  [
    "decode_stream_create decode_stream_run",
    () => drain(from(MP3).pipeThrough(new Mp3DecoderStream())),
  ],
  ["resample_stream_create resample_stream_write", () => resample(SHORT, 44100, 16000)],
];

for (const [names, call] of FALLIBLE) {
  for (const name of names.split(" ")) {
    testWithin(
      10,
      `C has no memory for ${name}: told, and nothing stays`,
      () =>
        accounting(async (account) => {
          await fail(`mp3a_${name}`, async () => {
            await assert.rejects(async () => await call(), {
              code: "OUT_OF_MEMORY",
              message: /memory ran out/,
            });
          });
          await account.settle();
        }),
    );
  }
}

/** While the body runs, a function of C does what it does and then says that memory ran out. */
async function fail(name: string, body: () => Promise<void>): Promise<void> {
  const calls = library().native as unknown as Calls;
  const original = calls[name] as (...parameters: unknown[]) => unknown;
  calls[name] = (...parameters) => {
    if (!/_(start|create)$/.test(name)) {
      original(...parameters);
      return 10;
    }
    (parameters.at(-1) as Int32Array)[0] = 10;
    return null;
  };
  try {
    await body();
  } finally {
    calls[name] = original;
  }
}

testWithin(10, "decoding gives the same afterwards", async () => {
  const { channelData } = await decodeMp3Async(MP3);
  assert.deepEqual(channelData, decodeMp3(MP3).channelData);
});
