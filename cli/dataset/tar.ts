/**
 * WebDataset shards: tar files where all members with the same key (the name up to its first dot)
 * make up one sample, one after another.
 */
import { Buffer } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";
import { extname, join } from "node:path";
import { pack } from "tar-stream";
import { readBytes } from "../audio/read.ts";
import { checkUnchanged } from "../audio/source.ts";
import { KIND_WORDS, reasonOf } from "../errors.ts";
import { writeAtomically } from "../files.ts";
import { look } from "../paths.ts";
import type { Job } from "./augment.ts";
import type { Failure, JournalRecord } from "./journal.ts";
import type { ManifestRow } from "./manifest.ts";
import { countsOf, type ListedFile, type Skipped, type Task } from "./plan.ts";
import { inOrder } from "./sample.ts";
import { type Entry, indexTar, readEntry } from "./tar-index.ts";
import { augmentSample, keyOf, type Member, type Sample } from "./tar-sample.ts";

const EPOCH = new Date(0);

/** Does one shard: reads a tar file or a list of files, writes a tar file, which grows under `partial`. */
export async function augmentTar(
  { unit, outputs: [output = ""], partial }: Task,
  folder: string,
  job: Job,
  atOnce: number,
): Promise<JournalRecord> {
  const rows: ManifestRow[] = [];
  const failures: Failure[] = [];
  const skipped: Skipped[] = [];
  const samples = unit.files ? samplesOfFiles(unit.files) : samplesOfTar(unit);
  const results = inOrder(samples, atOnce, (sample) => augmentSample(sample, output, job));
  const members = async function* () {
    for await (const result of results) {
      job.signal.throwIfAborted();
      yield* result.members;
      rows.push(...result.rows);
      if (result.failure) failures.push(result.failure);
      skipped.push(...(result.skipped ?? []).map((as) => ({ name: unit.name, as })));
    }
  };
  const written = await writeAtomically(join(folder, output), packMembers(members()), { partial });
  return {
    unit: unit.name,
    outputs: [{ path: output, ...written }],
    rows,
    ...(failures.length > 0 && { failures }),
    ...(skipped.length > 0 && { skipped: countsOf(skipped) }),
  };
}

/** A tar file's samples, in the order of their first members: others of the same key may come later. */
async function* samplesOfTar(unit: Task["unit"]): AsyncIterable<Sample> {
  const before = await look(unit.path);
  if (before?.kind !== "file") throw new Error("it is not a file");
  const samples = new Map<string, Entry[]>();
  for (const entry of await indexTar(unit.path)) {
    const key = keyOf(entry.name);
    const entries = samples.get(key);
    if (entries) entries.push(entry);
    else samples.set(key, [entry]);
  }
  const sourceName: Sample["sourceName"] = ({ name }) => `${unit.name}/${name}`;
  const file = await open(unit.path);
  try {
    for (const entries of samples.values()) yield await readSample(file, entries, sourceName);
    checkUnchanged(unit.path, before);
  } finally {
    await file.close();
  }
}

async function readSample(
  file: FileHandle,
  entries: readonly Entry[],
  sourceName: Sample["sourceName"],
): Promise<Sample> {
  const failed = ({ name }: Entry, reason: string): Sample => ({
    members: [],
    failure: { source: sourceName({ name }), reason },
    sourceName,
  });
  const names = new Set<string>();
  const members: Member[] = [];
  for (const entry of entries) {
    const { name, mtime, problem } = entry;
    if (problem !== undefined) return failed(entry, problem);
    if (names.has(name)) return failed(entry, "the tar file has two members of this name");
    names.add(name);
    members.push({ name, mtime, bytes: await readEntry(file, entry) });
  }
  return { members, sourceName };
}

/** The files of a tar shard. */
export async function* readMembers(path: string): AsyncIterable<Member> {
  const entries = await indexTar(path);
  const file = await open(path);
  try {
    for (const entry of entries) {
      const { name, mtime } = entry;
      yield { name, mtime, bytes: await readEntry(file, entry) };
    }
  } finally {
    await file.close();
  }
}

/** Each file becomes a sample of its own. */
async function* samplesOfFiles(files: readonly ListedFile[]): AsyncIterable<Sample> {
  for (const { name, path, metadata, key = name } of files) {
    const sourceName = () => name;
    try {
      const members: Member[] = [];
      members.push({ name: key + extname(name), bytes: await readWhole(path), mtime: EPOCH });
      if (metadata) {
        const json = Buffer.from(JSON.stringify(metadata[0]));
        members.push({ name: `${key}.json`, bytes: json, mtime: EPOCH });
      }
      yield { members, sourceName, ...(metadata && { metadata }) };
    } catch (error) {
      yield { members: [], failure: { source: name, reason: reasonOf(error) }, sourceName };
    }
  }
}

/** A file's bytes, if nobody changes it meanwhile. */
async function readWhole(path: string): Promise<Uint8Array> {
  const before = await look(path);
  if (before === undefined) throw new Error("there is no such file");
  if (before.kind !== "file") throw new Error(`${KIND_WORDS[before.kind]}, not a sound file`);
  const bytes = await readBytes(path);
  checkUnchanged(path, before);
  return bytes;
}

/** What a reader of a stream that had to end early runs into. */
const INCOMPLETE = { name: ".mp3-augment-incomplete", size: 1, mtime: EPOCH };

/**
 * A tar file's bytes. The same members give the same bytes, whoever runs it and when. Where `members`
 * fails the last member lacks its bytes, so that nobody takes what came for all.
 */
export async function* packMembers(members: AsyncIterable<Member>): AsyncIterable<Uint8Array> {
  const tar = pack();
  const filling = (async () => {
    for await (const { name, bytes, mtime } of members) {
      await new Promise<void>((resolve, reject) => {
        const header = { name, size: bytes.length, mtime, mode: 0o644, uid: 0, gid: 0 };
        tar.entry(
          header,
          Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
          (error) => error ? reject(error) : resolve(),
        );
      });
    }
    tar.finalize();
  })();
  filling.catch(() => {
    if ((tar as { destroying?: boolean }).destroying) return; // nobody reads it any more
    tar.entry(INCOMPLETE).on("error", () => {});
    tar.push(null);
  });
  for await (const chunk of tar) yield chunk as Uint8Array;
  await filling;
}
