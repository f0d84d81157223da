/**
 * Memory that goes away in the middle of a call: `shrinks.ts CASE resize|transfer` prints the error's
 * code, or "no error". What must not happen is that the process dies.
 */
import process from "node:process";
import {
  compressPcm16Async,
  compressRoundtrip,
  compressRoundtripAsync,
  compressRoundtripBatch,
  decodeMp3,
  decodeMp3Async,
  encodeMp3,
  encodeMp3Async,
  Mp3AugmentError,
  Mp3DecoderStream,
  Mp3EncoderStream,
  Mp3RoundtripStream,
  probeMp3,
} from "../../mod.ts";

const FRAMES = 1 << 20;
const coding = { sampleRate: 48000, bitrateKbps: 64 };

/** Memory with a way to take it away. */
class Memory {
  readonly buffer: ArrayBuffer;
  readonly #mode: string;

  constructor(byteSize: number, mode: string) {
    const options = mode === "resize" ? { maxByteLength: byteSize } : undefined;
    this.buffer = new (ArrayBuffer as new (size: number, options?: object) => ArrayBuffer)(
      byteSize,
      options,
    );
    this.#mode = mode;
  }

  takeAway(): void {
    if (this.buffer.byteLength === 0) return;
    if (this.#mode === "resize") {
      (this.buffer as unknown as { resize(size: number): void }).resize(0);
    } else structuredClone(this.buffer, { transfer: [this.buffer] });
  }
}

/** An array that takes memory away when its second element is read. */
function trap<T>(elements: T[], memory: Memory): T[] {
  return new Proxy(elements, {
    get(target, key, receiver) {
      if (key === "1") memory.takeAway();
      return Reflect.get(target, key, receiver);
    },
  });
}

/** Options whose reading takes memory away. */
function trapped<T extends object, K extends string>(
  options: T,
  key: K,
  memory: Memory,
  value?: unknown,
): T {
  const get = () => {
    memory.takeAway();
    return value;
  };
  return Object.defineProperty({ ...options }, key, { get, enumerable: true });
}

/** A long chunk on its way while nobody reads. */
async function writeAndTakeAway<T>(
  { readable, writable }: { readable: ReadableStream; writable: WritableStream<T> },
  chunk: T,
  memory: Memory,
): Promise<void> {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  const written = writer.write(chunk);
  written.catch(() => {});
  await reader.read();
  memory.takeAway();
  for (let next = await reader.read(); !next.done; next = await reader.read());
  await written;
}

const cases: Record<string, (memory: Memory, samples: Float32Array) => unknown> = {
  "roundtrip-stream": (memory, samples) =>
    writeAndTakeAway(new Mp3RoundtripStream(coding), samples, memory),
  "encoder-stream": (memory, samples) =>
    writeAndTakeAway(new Mp3EncoderStream(coding), samples, memory),
  "decoder-stream": (memory) => {
    const bytes = new Uint8Array(memory.buffer);
    bytes.set(encodeMp3(new Float32Array(FRAMES), coding));
    return writeAndTakeAway(new Mp3DecoderStream(), bytes, memory);
  },
  "batch": (memory, samples) => {
    const jobs = [{ ...coding, samples: new Float32Array(FRAMES) }, { ...coding, samples }];
    const onProgress = (done: number) => done === 1 && memory.takeAway();
    return compressRoundtripBatch(jobs, { threads: 1, onProgress });
  },
  "batch-out": (memory, samples) => {
    const out = new Float32Array(memory.buffer);
    const jobs = [coding, { ...coding, out }].map((job) => ({ ...job, samples: samples.slice() }));
    const onProgress = (done: number) => done === 1 && memory.takeAway();
    return compressRoundtripBatch(jobs, { threads: 1, onProgress });
  },
  "batch-out-getter": (memory, samples) =>
    compressRoundtripBatch([
      trapped({ ...coding, samples }, "out", memory, new Float32Array(FRAMES)),
    ]),
  "encode-async-signal": (memory, samples) =>
    encodeMp3Async(samples, trapped(coding, "signal", memory)),
  "roundtrip-async-signal": (memory, samples) =>
    compressRoundtripAsync(samples, trapped(coding, "signal", memory)),
  "decode-gapless": (memory) => decodeMp3(memory.buffer, trapped({}, "gapless", memory, true)),
  "decode-async-signal": (memory) => decodeMp3Async(memory.buffer, trapped({}, "signal", memory)),
  "probe-gapless": (memory) => probeMp3(memory.buffer, trapped({}, "gapless", memory, true)),
  "proxy-samples": (memory, samples) =>
    compressRoundtrip(trap([samples, new Float32Array(FRAMES)], memory), coding),
  "proxy-encode": (memory, samples) =>
    encodeMp3(trap([samples, new Float32Array(FRAMES)], memory), coding),
  "proxy-out": (memory, samples) => {
    const out = trap([new Float32Array(FRAMES), new Float32Array(FRAMES)], memory);
    return compressRoundtrip([samples, new Float32Array(FRAMES)], { ...coding, out });
  },
  "proxy-out-itself": (memory, samples) => {
    const out = trap([samples, new Float32Array(FRAMES)], memory);
    const input = [new Float32Array(FRAMES), new Float32Array(FRAMES)];
    return compressRoundtrip(input, { ...coding, out });
  },
  "proxy-out-async": (memory, samples) => {
    let reads = 0;
    const out = new Proxy([samples, new Float32Array(FRAMES)], {
      get(target, key, receiver) {
        if (key === "1" && ++reads > 1) memory.takeAway();
        return Reflect.get(target, key, receiver);
      },
    });
    const input = [new Float32Array(FRAMES), new Float32Array(FRAMES)];
    return compressRoundtripAsync(input, { ...coding, out });
  },
  "out-while-it-runs": (memory, samples) => {
    const running = compressRoundtripAsync(new Float32Array(FRAMES), { ...coding, out: samples });
    memory.takeAway();
    return running;
  },
  "pcm16-while-it-runs": (memory) => {
    const running = compressPcm16Async(new Int16Array(memory.buffer), { ...coding, channels: 2 });
    memory.takeAway();
    return running;
  },
  "pcm16-signal": (memory) =>
    compressPcm16Async(new Int16Array(memory.buffer), trapped(coding, "signal", memory)),
};

const [name = "", mode = ""] = process.argv.slice(2);
const memory = new Memory(4 * FRAMES, mode);
try {
  await cases[name]?.(memory, new Float32Array(memory.buffer));
  console.log("no error");
} catch (error) {
  console.log(error instanceof Mp3AugmentError ? error.code : String(error));
}
