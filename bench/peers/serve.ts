/** The loop of a peer in TypeScript; `bench/worker.ts` describes the protocol. */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";

/** What a call is to do. */
export interface Settings {
  sampleRate: number;
  bitrateKbps: number;
  quality: number;
}

/** One call of the peer: the same number of channels of the same length, if it can. */
export type Roundtrip = (
  channels: readonly Float32Array[],
  settings: Settings,
) => readonly Float32Array[] | Promise<readonly Float32Array[]>;

/**
 * A package of `bench/package.json`. Nothing else is checked against it, because it is installed
 * only where the bench runs.
 */
export async function importPeer<T>(specifier: string): Promise<T> {
  return await import(specifier) as T;
}

interface Clip {
  sampleRate: number;
  channels: Float32Array[];
}

function load(sampleRate: number, channelCount: number, path: string): Clip {
  const bytes = readFileSync(path);
  const frameCount = bytes.byteLength / 4 / channelCount;
  const channels = Array.from(
    { length: channelCount },
    (_, index) =>
      new Float32Array(
        bytes.buffer,
        bytes.byteOffset + 4 * index * frameCount,
        frameCount,
      ),
  );
  return { sampleRate, channels };
}

function save(path: string, channels: readonly Float32Array[]): void {
  const bytes = channels.map((channel) =>
    new Uint8Array(channel.buffer, channel.byteOffset, channel.byteLength)
  );
  writeFileSync(path, Buffer.concat(bytes));
}

/** Serves until stdin ends. */
export async function serve(
  roundtrip: Roundtrip,
  { measuresCpu = true }: { measuresCpu?: boolean } = {},
): Promise<void> {
  const outputPath = process.argv.at(-1) ?? "";
  let clip: Clip = { sampleRate: 0, channels: [] };
  let output: readonly Float32Array[] = [];
  for await (const line of createInterface({ input: process.stdin })) {
    const [command = "", ...rest] = line.split(" ");
    const [first = 0, second = 0, third = 0] = rest.map(Number);
    let answer = {};
    try {
      if (command === "load") {
        output = [];
        clip = load(first, second, rest.slice(2).join(" "));
        answer = { outputByteSize: 0 };
      } else if (command === "run") {
        const { sampleRate, channels } = clip;
        const settings = { sampleRate, bitrateKbps: first, quality: second };
        output = [];
        const cpu = process.cpuUsage();
        const start = performance.now();
        for (let i = 0; i < third; i++) {
          const result = roundtrip(channels, settings);
          output = result instanceof Promise ? await result : result;
        }
        const wallSeconds = (performance.now() - start) / 1000;
        const { user, system } = process.cpuUsage(cpu);
        answer = {
          wallSeconds,
          cpuSeconds: measuresCpu ? (user + system) / 1e6 : null,
        };
      } else {
        save(outputPath, output);
      }
    } catch (error) {
      answer = { error: String(error) };
    }
    console.log(JSON.stringify(answer));
  }
}
