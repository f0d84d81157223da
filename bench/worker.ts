// A peer of the bench is a program that reads commands on stdin, one per line, and answers each by
// one line of JSON on stdout. Its last argument is the file that it saves outputs to.
//
//   load RATE CHANNELS PATH       reads a clip: planar 32-bit floats, the channels one after another
//     {"outputByteSize": 0}       how much memory it holds for the output already
//   run KBPS QUALITY COUNT        passes the clip through MP3 COUNT times
//     {"wallSeconds": 0.1, "cpuSeconds": 0.2}      for all calls; CPU time of the process, or null
//   save                          writes the last output to its file, planar 32-bit floats
//     {}
//
// An answer with "error" ends the bench. The end of stdin ends the peer.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import { Failure } from "../scripts/tools.mjs";

export interface ClipFile {
  path: string;
  sampleRate: number;
  channelCount: number;
  frameCount: number;
}

export interface Setting {
  bitrateKbps: number;
  quality: number;
}

export interface Times {
  wallSeconds: number;
  cpuSeconds: number | null;
}

/** A peer's process. */
export class Worker {
  #child: ChildProcessByStdio<Writable, Readable, null>;
  #lines: AsyncIterator<string>;
  #name: string;
  #outputPath: string;
  #ended: Promise<unknown>;

  /**
   * @param name for messages
   * @param outputPath where it may save outputs
   */
  constructor(
    name: string,
    { command, args }: { command: string; args: string[] },
    outputPath: string,
  ) {
    this.#name = name;
    this.#outputPath = outputPath;
    const child = spawn(command, [...args, outputPath], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.on("error", resolve);
      child.on("close", resolve);
    });
    child.stdin.on("error", () => {}); // a dead peer is told of by the missing answer
    this.#lines = createInterface({ input: child.stdout })
      [Symbol.asyncIterator]();
  }

  /** @returns the answer */
  async #ask<Answer>(line: string): Promise<Answer> {
    this.#child.stdin.write(`${line}\n`);
    const { value, done } = await this.#lines.next();
    if (done) {
      throw new Failure(`${this.#name} ended without an answer to "${line}"`);
    }
    const answer = JSON.parse(value);
    if (answer.error !== undefined) {
      throw new Failure(`${this.#name}: ${answer.error}`);
    }
    return answer;
  }

  load({ path, sampleRate, channelCount }: ClipFile): Promise<{ outputByteSize: number }> {
    return this.#ask(`load ${sampleRate} ${channelCount} ${path}`);
  }

  run({ bitrateKbps, quality }: Setting, count: number): Promise<Times> {
    return this.#ask(`run ${bitrateKbps} ${quality} ${count}`);
  }

  /** The last output. */
  async save() {
    await this.#ask("save");
    const bytes = readFileSync(this.#outputPath);
    rmSync(this.#outputPath);
    return new Float32Array(
      bytes.buffer,
      bytes.byteOffset,
      bytes.byteLength >> 2,
    );
  }

  /**
   * By how many bytes one call raises the process's memory for a time, above the clip and the
   * output; null where the system doesn't tell (only Linux does).
   */
  async measureMemory(clip: ClipFile, setting: Setting) {
    if (process.platform !== "linux") return null;
    const { outputByteSize: held } = await this.load(clip);
    const folder = `/proc/${this.#child.pid}`;
    writeFileSync(`${folder}/clear_refs`, "5"); // sets the peak to what is used now
    const before = readKilobytes(folder, "VmRSS");
    await this.run(setting, 1);
    const growth = 1024 * (readKilobytes(folder, "VmHWM") - before);
    return growth - (4 * clip.channelCount * clip.frameCount - held);
  }

  /** Ends the process. */
  async close() {
    this.#child.stdin.end();
    await this.#ended;
  }
}

/** @param folder of the process in /proc */
function readKilobytes(folder: string, field: string) {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(
    readFileSync(`${folder}/status`, "utf8"),
  );
  return Number(found?.[1]);
}
