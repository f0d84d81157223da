/** What only the WebAssembly adapter has: its loading, its memory, its workers. */
import assert from "node:assert/strict";
import { Mp3AugmentError } from "../../ffi/errors.ts";
import { BUFFER_LENGTHS, type Native, OPTIONS_FIELDS } from "../../ffi/symbols.ts";
import { createEngine } from "../../ffi/wasm/engine.ts";
import { createNative } from "../../ffi/wasm/native.ts";
import { openWasm, readEmbedded } from "../../ffi/wasm/open.ts";
import { Pool } from "../../ffi/wasm/pool.ts";
import { compressRoundtrip, decodeMp3, encodeMp3, loadLibrary } from "../../mod.ts";
import { library } from "../../src/native.ts";
import { loadWasm } from "../../wasm.ts";
import { makeSignal, sameBits } from "../signals.ts";
import { test } from "./harness.ts";

const bytes = await readEmbedded() as Uint8Array<ArrayBuffer>;
const module = await WebAssembly.compile(bytes);
const PAGE_BYTES = 65536;
const MIB = 2 ** 20;

/** Mono at 44.1 kHz. */
function optionsFor(bitrateKbps: number): Int32Array {
  const fields: Partial<Record<(typeof OPTIONS_FIELDS)[number], number>> = {
    struct_byte_size: 4 * OPTIONS_FIELDS.length,
    sample_rate_hz: 44100,
    bitrate_kbps: bitrateKbps,
    quality: 7,
    channel_count: 1,
  };
  return Int32Array.from(OPTIONS_FIELDS, (name) => fields[name] ?? 0);
}

const code = (expected: string, message = /./) => (error: unknown) =>
  error instanceof Mp3AugmentError && error.code === expected && message.test(error.message);

test("loading again does nothing; the native library can't follow", async () => {
  await loadWasm();
  loadLibrary();
  assert.throws(() => loadLibrary({ path: "/elsewhere" }), code("INVALID_OPTION"));
  const wrong = { sorce: bytes } as never;
  await assert.rejects(loadWasm(wrong), code("INVALID_OPTION", /source/));
});

test("one file that asks for nothing: at most 600 KB, 250 KB compressed", async () => {
  assert.deepEqual(WebAssembly.Module.imports(module), []);
  assert.ok(bytes.length <= 600_000, `${bytes.length} bytes`);
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  const { byteLength } = await new Response(stream).arrayBuffer();
  assert.ok(byteLength <= 250_000, `${byteLength} bytes`);
});

test("sources of every kind", async () => {
  const type = "application/wasm";
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  const url = `data:${type};base64,${base64}`;
  const response = () => new Response(bytes, { headers: { "Content-Type": "text/plain" } });
  const sources = [undefined, module, bytes, bytes.buffer, url, new URL(url), response()];
  for (const source of [...sources, Promise.resolve(response())]) {
    const { native } = await openWasm(source);
    assert.equal(native.mp3a_abi_version(), library().native.mp3a_abi_version());
  }
});

test("what is no module is refused, and said", async () => {
  const other = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  await assert.rejects(openWasm(other), code("LIBRARY_INCOMPATIBLE", /not of this release/));
  for (const source of [bytes.subarray(0, 1000), new Uint8Array(8), "data:,nonsense"]) {
    await assert.rejects(openWasm(source), code("LIBRARY_NOT_FOUND", /could not be loaded/));
  }
  const missing = new Response("", { status: 404 });
  await assert.rejects(openWasm(missing), code("LIBRARY_NOT_FOUND", /404/));
  await assert.rejects(openWasm(7 as never), code("LIBRARY_NOT_FOUND", /source may be/));
});

/** How large the memories of all instances are that begin while `run` runs. */
function memoriesOf(run: () => void): number[] {
  const { Instance } = WebAssembly;
  const memories: WebAssembly.Memory[] = [];
  WebAssembly.Instance = class extends Instance {
    constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
      super(module, imports);
      memories.push(this.exports["memory"] as WebAssembly.Memory);
    }
  };
  try {
    run();
  } finally {
    WebAssembly.Instance = Instance;
  }
  return memories.map(({ buffer }) => buffer.byteLength);
}

/** A file with nothing in it. */
const nothing = (
  byteSize: number,
) => [new Uint8Array(byteSize), byteSize, 1, new Int32Array(BUFFER_LENGTHS.info)];

test("memory grows once per size, and what was too large is given back", () => {
  const memories = memoriesOf(() => {
    const probe = createEngine(module).mp3a_probe as (...parameters: unknown[]) => number;
    for (let i = 0; i < 5; i++) probe(...nothing(10 * MIB));
  });
  assert.equal(memories.length, 1);
  assert.ok(memories[0]! > 10 * MIB && memories[0]! < 20 * MIB, `${memories}`);
  const renewed = memoriesOf(() => {
    const engine = createEngine(module);
    const probe = engine.mp3a_probe as (...parameters: unknown[]) => number;
    for (let i = 0; i < 5; i++) probe(...nothing(40 * MIB));
  });
  assert.equal(renewed.length, 6);
  assert.ok(renewed.at(-1)! < 4 * MIB, `${renewed}`);
});

test("long clips go through in little memory", () => {
  const memories = memoriesOf(() => {
    const native = createNative(
      createEngine(module),
      new Pool(module, createEngine(module), undefined),
    );
    const samples = new Float32Array(44100 * 120);
    const options = optionsFor(128);
    for (let i = 0; i < 3; i++) {
      const { length } = samples;
      assert.equal(
        native.mp3a_roundtrip(options, samples, null, length, samples, null, length, null),
        0,
      );
    }
  });
  assert.ok(Math.max(...memories) < 8 * MIB, `${memories}`);
});

test("streams outlive the instance they began in", () => {
  const engine = createEngine(module);
  const status = new Int32Array(1);
  const stream = engine.mp3a_decode_stream_create(1, status)!;
  (engine.mp3a_probe as (...parameters: unknown[]) => number)(...nothing(40 * MIB)); // renews it
  const mp3 = encodeMp3(makeSignal(5000, 44100), { sampleRate: 44100, bitrateKbps: 64 });
  const out = new Float32Array(20000), consumed = new Int32Array(1), written = new Int32Array(1);
  engine.mp3a_decode_stream_run(
    stream,
    mp3,
    mp3.length,
    1,
    out,
    new Float32Array(20000),
    out.length,
    consumed,
    written,
  );
  assert.equal(written[0], 5000);
  assert.ok(sameBits(out.slice(0, 5000), decodeMp3(mp3).channelData[0]!));
  engine.mp3a_decode_stream_destroy(stream);
});

/** The module with a limit to its memory: its memory section has none. */
function limited(pageCount: number /* 128 to 16383 */): Uint8Array<ArrayBuffer> {
  const section = bytes.findIndex((_, at) =>
    [5, 3, 1, 0].every((byte, i) => bytes[at + i] === byte)
  );
  const least = bytes[section + 4] ?? 0; // pages
  assert.ok(section > 0 && least > 0 && least < 100, "the memory section");
  return Uint8Array.from([
    ...bytes.subarray(0, section),
    ...[5, 5, 1, 1, least, pageCount & 127 | 128, pageCount >> 7],
    ...bytes.subarray(section + 5),
  ]);
}

test("memory that runs out is an error, and all goes on afterwards", async () => {
  const { native } = await openWasm(limited(160));
  const probe = native.mp3a_probe as (...parameters: unknown[]) => number;
  assert.throws(() => probe(...nothing(160 * PAGE_BYTES)), code("OUT_OF_MEMORY"));
  const options = optionsFor(128);
  const samples = makeSignal(10000, 44100);
  const out = new Float32Array(10000);
  assert.equal(native.mp3a_roundtrip(options, samples, null, 10000, out, null, 10000, null), 0);
  assert.ok(sameBits(out, compressRoundtrip(samples, { sampleRate: 44100, bitrateKbps: 128 })));
  // Encoders that are open take memory, until there is none.
  const status = new Int32Array(1);
  const streams = [];
  for (let stream; (stream = native.mp3a_encode_stream_create(options, status)) !== null;) {
    streams.push(stream);
  }
  assert.equal(status[0], 10);
  assert.ok(streams.length > 2);
  streams.forEach((stream) => native.mp3a_encode_stream_destroy(stream));
  assert.equal(native.mp3a_roundtrip(options, samples, null, 10000, out, null, 10000, null), 0);
});

/** Jobs of a pool with such workers, by their tags. */
function jobsWith(program: string | undefined) {
  const engine = createEngine(module);
  const pool = new Pool(module, engine, program);
  const native = createNative(engine, pool);
  const finished = new Map<number, () => void>();
  pool.onFinished = (tag) => finished.get(tag)?.();
  const options = optionsFor(64);
  /** Starts a round trip; what becomes of it, and how to stop it. */
  const start = (tag: number, samples: Float32Array) => {
    const { length } = samples;
    const queue = {} as Parameters<Native["mp3a_roundtrip_job_start"]>[0];
    const job = native.mp3a_roundtrip_job_start(
      queue,
      options,
      samples,
      null,
      length,
      tag,
      new Int32Array(1),
    )!;
    const ended = new Promise<{ status: number; out: Float32Array }>((resolve) =>
      finished.set(tag, () => {
        const out = new Float32Array(length);
        resolve({ status: native.mp3a_roundtrip_job_end(job, out, null, length, null), out });
      })
    );
    return { ended, cancel: () => native.mp3a_job_cancel(job) };
  };
  return { pool, start };
}

const LONG = makeSignal(44100 * 60, 44100);
const EXPECTED = compressRoundtrip(LONG, { sampleRate: 44100, bitrateKbps: 64 });

test("without workers: in slices that let the event loop turn", async () => {
  const { pool, start } = jobsWith(undefined);
  assert.equal(pool.limit, 1);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const jobs = [start(1, LONG), start(2, LONG), start(3, LONG)];
  const waiting = jobs[2]!;
  waiting.cancel();
  assert.equal((await waiting.ended).status, 11);
  const { status, out } = await jobs[0]!.ended;
  jobs[1]!.cancel();
  assert.equal((await jobs[1]!.ended).status, 11);
  clearInterval(timer);
  assert.equal(status, 0);
  assert.ok(sameBits(out, EXPECTED));
  assert.ok(ticks >= 3, `${ticks} ticks`);
});

test("workers that can't start: in slices", async () => {
  const { pool, start } = jobsWith("throw new Error('no workers here')");
  const jobs = [start(1, LONG), start(2, makeSignal(1000, 44100))];
  const [first, second] = await Promise.all(jobs.map(({ ended }) => ended));
  assert.equal(first?.status, 0);
  assert.ok(sameBits(first!.out, EXPECTED));
  assert.equal(second?.status, 0);
  assert.equal(pool.limit, 1);
});

/** A worker that says that it is ready, and dies of its first task. */
const MORTAL = `
const port = globalThis.process?.getBuiltinModule?.("node:worker_threads").parentPort ?? self;
const obey = (order) => {
  if (order.module) port.postMessage("ready");
  else throw new Error("dead");
};
if (port.on) port.on("message", obey);
else port.onmessage = ({ data }) => obey(data);`;

test("a worker that dies: its job fails, others go on", async () => {
  const { start } = jobsWith(MORTAL);
  const statuses = [1, 2, 3].map((tag) => start(tag, makeSignal(1000, 44100)).ended);
  assert.deepEqual((await Promise.all(statuses)).map(({ status }) => status), [10, 10, 10]);
});
