/** A tar stream in, a tar stream out: one sample after another, whatever the stream's length. */
import { Buffer } from "node:buffer";
import { availableParallelism } from "node:os";
import { posix } from "node:path";
import process from "node:process";
import { Readable } from "node:stream";
import { extract } from "tar-stream";
import { CliError, reasonOf, usageError } from "../errors.ts";
import { openOutput } from "../files.ts";
import { warn } from "../tell.ts";
import type { Failure } from "./journal.ts";
import type { Skipped } from "./plan.ts";
import type { RunResult } from "./run.ts";
import { inOrder } from "./sample.ts";
import type { Settings } from "./settings.ts";
import { packMembers } from "./tar.ts";
import {
  BLOCK,
  cutShort,
  endOf,
  type FullHeader,
  isMember,
  isSparse,
  SPARSE,
} from "./tar-index.ts";
import { augmentSample, keyOf, type Member, type Result, type Sample } from "./tar-sample.ts";

/** How a stream goes through. */
export interface PipeOptions {
  /** What draws take for the shard's path. */
  readonly name: string;
  readonly settings: Settings;
  /** How many samples at once; default: what keeps all cores busy. */
  readonly threads?: number;
  readonly onDone: (result: Result) => void;
}

const CLOSED = "error: standard output was closed before the tar stream was complete";

/** From standard input to standard output. */
export async function runPipe(options: PipeOptions): Promise<RunResult> {
  if (process.stdin.isTTY) {
    throw usageError("standard input is a terminal: send a tar stream (< FILE, PROGRAM |)");
  }
  const output = await openOutput("-", { sources: ["-"], force: false });
  let isTold = false;
  const tell = (error: unknown) => {
    if (isTold || Object(error).code !== "EPIPE") return;
    warn(CLOSED);
    isTold = true;
  };
  process.stdout.prependListener("error", tell); // the one that is there ends the process
  const { pieces, result } = augmentStream(process.stdin, options);
  try {
    await output.write(pieces);
  } catch (error) {
    tell(error);
    throw error;
  }
  return result();
}

/** The stream that comes out, and what has been done, which counts when that has ended. */
export function augmentStream(input: AsyncIterable<Uint8Array>, options: PipeOptions): {
  readonly pieces: AsyncIterable<Uint8Array>;
  readonly result: () => RunResult;
} {
  const { name, settings, threads = availableParallelism() + 4 } = options;
  const { signal } = new AbortController(); // Ctrl-C ends the process
  const failures: Failure[] = [];
  const skipped: Skipped[] = [];
  let unitCount = 0;
  const samples = samplesOfStream(input, name);
  const results = inOrder(samples, threads, (s) => augmentSample(s, name, { settings, signal }));
  const members = async function* () {
    for await (const result of results) {
      yield* result.members;
      unitCount++;
      if (result.failure) failures.push(result.failure);
      skipped.push(...(result.skipped ?? []).map((as) => ({ name, as })));
      options.onDone(result);
    }
  };
  return {
    pieces: packMembers(members()),
    result: () => ({
      unitCount,
      skippedCount: 0,
      doneCount: unitCount - failures.length,
      failures,
      skipped,
      isInterrupted: false,
    }),
  };
}

const MAGIC: readonly (readonly [string, string])[] = [
  ["\x1f\x8b", "gzip: put gzip -dc in front, and gzip behind"],
  ["\x28\xb5\x2f\xfd", "Zstandard: put zstd -dc in front"],
  ["BZh", "bzip2: put bzip2 -dc in front"],
  ["PAR1", "Parquet, whose index is at its end: give the file's path as SRC"],
];

/** The stream as it is; an error where it isn't tar, or doesn't end as tar does. */
async function* checked(
  input: AsyncIterable<Uint8Array>,
  end: (byteSize: number) => void,
): AsyncIterable<Uint8Array> {
  let byteSize = 0;
  let tail = Buffer.alloc(0);
  for await (const chunk of input) {
    if (byteSize === 0) {
      const head = Buffer.from(chunk.subarray(0, 4)).toString("latin1");
      const [, what] = MAGIC.find(([magic]) => head.startsWith(magic)) ?? [];
      if (what) throw new CliError(`standard input is no tar stream but ${what}`);
    }
    byteSize += chunk.length;
    tail = Buffer.concat([tail, chunk.subarray(-BLOCK)]).subarray(-BLOCK);
    yield chunk;
  }
  if (byteSize === 0) throw new CliError("standard input is empty: no tar stream came");
  if (byteSize % BLOCK !== 0 || tail.some((byte) => byte !== 0)) throw cut(byteSize);
  end(byteSize);
}

function cut(byteSize: number): CliError {
  return new CliError(cutShort("standard input", byteSize).message);
}

/** What lies side by side with one key is a sample. */
async function* samplesOfStream(
  input: AsyncIterable<Uint8Array>,
  streamName: string,
): AsyncIterable<Sample> {
  const keys = new Set<string>();
  let sample: StreamSample | undefined;
  let hasSparse = false;
  let last: FullHeader | undefined;
  let byteSize = 0;
  const readable = Readable.from(checked(input, (size) => byteSize = size));
  const entries = extract();
  readable.on("error", (error) => entries.destroy(error));
  readable.pipe(entries);
  try {
    for await (const entry of entries) {
      const header = { ...entry.header } as unknown as FullHeader;
      hasSparse ||= isSparse(header);
      last = header;
      if (!isMember(header)) {
        entry.resume();
        continue;
      }
      const key = keyOf(header.name);
      if (key !== sample?.key) {
        if (sample) yield sample.end();
        sample = new StreamSample(key, streamName, keys.has(key));
        keys.add(key);
      }
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry) chunks.push(chunk as Uint8Array);
      // In memory of its own, which may be written over: short Buffers share one.
      const joined = Buffer.concat(chunks);
      const isOwn = joined.buffer.byteLength === joined.length;
      sample?.add(header, isOwn ? new Uint8Array(joined.buffer) : new Uint8Array(joined));
    }
    // A member that ends with zeros, such as silence, looks like the end where it is cut.
    if (byteSize < endOf(last) + BLOCK) throw cut(byteSize);
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (hasSparse) throw new CliError(`standard input: ${SPARSE}, and can't be read on`);
    throw new CliError(`standard input is no whole tar stream: ${reasonOf(error)}`);
  } finally {
    readable.destroy();
  }
  if (sample) yield sample.end();
}

/** A sample that grows. */
class StreamSample {
  readonly key: string;
  readonly #streamName: string;
  readonly #isLate: boolean;
  readonly #members: Member[] = [];
  #failure: Failure | undefined;

  constructor(key: string, streamName: string, isLate: boolean) {
    this.key = key;
    this.#streamName = streamName;
    this.#isLate = isLate;
  }

  add(header: FullHeader, bytes: Uint8Array): void {
    const { name, mtime = new Date(0) } = header;
    const found = this.#failure ? "" : this.#bytesOf(header, bytes);
    if (typeof found !== "string") this.#members.push({ name, mtime, bytes: found });
    else this.#failure ??= { source: this.#sourceName({ name }), reason: found };
  }

  end(): Sample {
    const [members, sourceName] = [this.#members, this.#sourceName];
    if (this.#failure) return { members: [], failure: this.#failure, sourceName };
    return { members, sourceName };
  }

  readonly #sourceName = ({ name }: Pick<Member, "name">): string => `${this.#streamName}/${name}`;

  /** A member's bytes, those of what it links to, or why there are none. */
  #bytesOf(header: FullHeader, bytes: Uint8Array): Uint8Array | string {
    const { name, type, linkname } = header;
    if (this.#isLate) {
      return `members of ${this.key} came before: in a stream they must lie side by side`;
    }
    if (isSparse(header)) return SPARSE;
    const find = (path: string) =>
      this.#members.find((member) => posix.normalize(member.name) === posix.normalize(path));
    if (this.#members.some((member) => member.name === name)) {
      return "the tar file has two members of this name";
    }
    if (type === "file" || type === "contiguous-file") return bytes;
    if (type !== "link" && type !== "symlink") return `${name} is a ${type}, not a file`;
    const way = linkname ?? "";
    const target = find(type === "link" ? way : posix.join(posix.dirname(name), way));
    return target
      ? new Uint8Array(target.bytes)
      : `${name} links to ${way}, which is not before it in its sample: ` +
        "a stream can't go back";
  }
}
