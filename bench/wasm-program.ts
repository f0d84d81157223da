/**
 * What bench/wasm.ts measures in each host: one bundle for runtimes and browsers. It prints a line of
 * JSON, and then the end that scripts/run-page.mjs waits for.
 */
import { readFileSync } from "node:fs";
import { compressRoundtrip, encodeMp3, type RoundtripOptions } from "../mod.ts";
import { loadWasm } from "../wasm.ts";

type Channels = readonly Float32Array[];

/** Seconds of each call, by contender, task and clip. */
export type Times = Record<string, number[]>;

/** A clip that bench/wasm.ts has put into the bundle. */
interface Clip {
  readonly name: string;
  readonly sampleRate: number;
  readonly channels: Channels;
}

const BITRATE_KBPS = 128;
const ROUNDS = 15;
/** Until the engine has compiled what runs often. */
const WARM_UP = 4;
const BLOCK = 65536;

function readClip(
  name: string,
  sampleRate: number,
  channelCount: number,
): Clip {
  const { buffer } = readFileSync(`${name}.f32`);
  const length = buffer.byteLength / 4 / channelCount;
  const channels = Array.from(
    { length: channelCount },
    (_, channel) => new Float32Array(buffer as ArrayBuffer, 4 * channel * length, length),
  );
  return { name, sampleRate, channels };
}

/** What codes a clip. */
interface Contender {
  readonly name: string;
  encode(clip: Clip): void;
  roundtrip(clip: Clip): void | Promise<void>;
}

interface OurModule {
  compressRoundtrip: typeof compressRoundtrip;
  encodeMp3: typeof encodeMp3;
}

/** One thread for native code, as there is one here; LAME's quality 7, or 3 as its command line. */
function ours(name: string, module: OurModule, quality: number): Contender {
  const options = ({ sampleRate }: Clip) => ({
    sampleRate,
    bitrateKbps: BITRATE_KBPS,
    quality,
  });
  return {
    name,
    encode: (clip) => void module.encodeMp3(clip.channels, options(clip)),
    roundtrip: (clip) => {
      const one: RoundtripOptions = { ...options(clip), threads: 1 };
      module.compressRoundtrip(clip.channels, one);
    },
  };
}

interface EncoderPackage {
  createMp3Encoder(): Promise<{
    configure(
      options: { sampleRate: number; channels: number; bitrate: number },
    ): void;
    encode(channels: Channels): Uint8Array;
    finalize(): Uint8Array;
  }>;
}

interface DecoderPackage {
  MPEGDecoder: new () => {
    ready: Promise<void>;
    reset(): Promise<void>;
    decode(bytes: Uint8Array): unknown;
  };
}

/** LAME's quality can't be set here. */
async function peers(): Promise<Contender> {
  // mpg123-decoder, bundled for browsers, names it at its start.
  (globalThis as { Worker?: unknown }).Worker ??= class {};
  // Literals, for the bundler; they are installed only where the bench runs.
  // @ts-ignore: bench/package.json has it
  const encoders = await import("wasm-media-encoders") as EncoderPackage;
  const { createMp3Encoder } = encoders;
  // @ts-ignore: bench/package.json has it
  const mpg123 = await import("mpg123-decoder") as DecoderPackage;
  Object.keys(mpg123); // all of it: the package breaks when a part is left out
  const { MPEGDecoder } = mpg123;
  const encoder = await createMp3Encoder();
  const decoder = new MPEGDecoder();
  await decoder.ready;
  const encode = ({ sampleRate, channels }: Clip): Uint8Array => {
    encoder.configure({
      sampleRate,
      channels: channels.length,
      bitrate: BITRATE_KBPS,
    });
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < (channels[0]?.length ?? 0); at += BLOCK) {
      chunks.push(
        encoder.encode(channels.map((c) => c.subarray(at, at + BLOCK))).slice(),
      );
    }
    chunks.push(encoder.finalize().slice());
    const file = new Uint8Array(
      chunks.reduce((sum, { length }) => sum + length, 0),
    );
    chunks.reduce((at, chunk) => (file.set(chunk, at), at + chunk.length), 0);
    return file;
  };
  return {
    name: "peers",
    encode: (clip) => void encode(clip),
    roundtrip: async (clip) => {
      decoder.decode(encode(clip));
      await decoder.reset();
    },
  };
}

async function measure(
  contenders: readonly Contender[],
  clips: readonly Clip[],
): Promise<Times> {
  const times: Times = {};
  for (const clip of clips) {
    for (const task of ["roundtrip", "encode"] as const) {
      for (let round = 0; round < WARM_UP + ROUNDS; round++) {
        for (const contender of contenders) {
          const start = performance.now();
          await contender[task](clip);
          const seconds = (performance.now() - start) / 1000;
          const key = `${contender.name}, ${task}, ${clip.name}`;
          if (round >= WARM_UP) (times[key] ??= []).push(seconds);
        }
      }
    }
  }
  return times;
}

const { process } = globalThis as { process?: { argv: string[] } };
const say = async (line: string) => {
  if ("document" in globalThis) {
    await fetch("/", { method: "POST", body: line });
  } else console.log(line);
};

await loadWasm();
const contenders = [
  ours("wasm", { compressRoundtrip, encodeMp3 }, 7),
  ours("wasm, quality 3", { compressRoundtrip, encodeMp3 }, 3),
  await peers(),
];
// The module with its native library, which is another copy of it: its main file.
const native = process?.argv[2];
if (native !== undefined) {
  contenders.push(ours("native", await import(native), 7));
}
const clips = [readClip("mono", 48000, 1), readClip("stereo", 44100, 2)];
await say(JSON.stringify(await measure(contenders, clips)));
await say("1 passed, 0 failed");
