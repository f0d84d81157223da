/**
 * WebDataset shards: tar files where all members with the same key (the name up to its first dot)
 * make up one sample, one after another.
 */
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";
import { extname, join } from "node:path";
import { pack } from "tar-stream";
import { AUDIO_EXTENSIONS, readBytes } from "../audio/read.ts";
import { Scratch } from "../audio/scratch.ts";
import { checkUnchanged, sourceOfBytes } from "../audio/source.ts";
import { KIND_WORDS, reasonOf } from "../errors.ts";
import { writeAtomically } from "../files.ts";
import { soundExtension } from "../options.ts";
import { look } from "../paths.ts";
import { type Job, makeCopies } from "./augment.ts";
import type { Failure, JournalRecord } from "./journal.ts";
import type { Metadata } from "./lists.ts";
import { makeRows, type ManifestRow } from "./manifest.ts";
import { copySuffix, countsOf, type ListedFile, type Skipped, type Unit } from "./plan.ts";
import { type Entry, indexTar, readEntry } from "./tar-index.ts";

/** One file of a tar shard. */
export interface Member {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mtime: Date;
}

/** All members of one key. */
interface Sample {
  readonly members: readonly Member[];
  /** Why it can't be processed, where it can't. */
  readonly failure?: Failure;
  /** What draws and the manifest call a member. */
  sourceName(member: Member): string;
  readonly metadata?: readonly Metadata[];
}

/** What a sample becomes. */
interface Result {
  readonly members: readonly Member[];
  readonly rows: readonly ManifestRow[];
  readonly failure?: Failure;
  /** Kinds of sound files that were copied as they are. */
  readonly skipped?: readonly string[];
}

/** The extension of the member that holds what was drawn. */
const PARAMETERS = ".augment.json";
const EPOCH = new Date(0);

/** Does one shard: reads a tar file or a list of files, writes a tar file, which grows under `partial`. */
export async function augmentTar(
  unit: Unit,
  folder: string,
  job: Job,
  partial: string,
  atOnce: number,
): Promise<JournalRecord> {
  const output = unit.outputs[0] as string;
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

/** Works on several items at once, and gives the results in the items' order. */
async function* inOrder<T, R>(
  items: AsyncIterable<T>,
  atOnce: number,
  work: (item: T) => Promise<R>,
): AsyncIterable<R> {
  const underWay: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const promise = work(item);
      promise.catch(() => {}); // it is awaited below, later
      underWay.push(promise);
      if (underWay.length >= atOnce) yield await (underWay.shift() as Promise<R>);
    }
    while (underWay.length > 0) yield await (underWay.shift() as Promise<R>);
  } finally {
    await Promise.allSettled(underWay);
  }
}

function keyOf(name: string): string {
  const start = name.lastIndexOf("/") + 1;
  const dot = name.indexOf(".", start);
  return dot < 0 ? name : name.slice(0, dot);
}

/** A tar file's samples, in the order of their first members: others of the same key may come later. */
async function* samplesOfTar(unit: Unit): AsyncIterable<Sample> {
  const before = await look(unit.path);
  if (before?.kind !== "file") throw new Error("it is not a file");
  const samples = new Map<string, Entry[]>();
  for (const entry of await indexTar(unit.path)) {
    const key = keyOf(entry.name);
    const entries = samples.get(key);
    if (entries) entries.push(entry);
    else samples.set(key, [entry]);
  }
  const sourceName = ({ name }: Pick<Member, "name">) => `${unit.name}/${name}`;
  const file = await open(unit.path);
  try {
    for (const entries of samples.values()) yield await readSample(file, entries, sourceName);
    await checkUnchanged(unit.path, before);
  } finally {
    await file.close();
  }
}

async function readSample(
  file: FileHandle,
  entries: readonly Entry[],
  sourceName: (member: Pick<Member, "name">) => string,
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
  await checkUnchanged(path, before);
  return bytes;
}

/** A sample's copies. One that has a sound file that can't be decoded is left out. */
async function augmentSample(sample: Sample, output: string, job: Job): Promise<Result> {
  if (sample.failure) return { members: [], rows: [], failure: sample.failure };
  const { copies } = job.settings;
  const members: Member[][] = Array.from({ length: copies }, () => []);
  const rows: ManifestRow[] = [];
  const skipped: string[] = [];
  const stemOf = stemsOf(sample.members);
  for (const member of sample.members) {
    if (member.name.endsWith(PARAMETERS)) continue; // of an earlier augmentation
    if (!isSound(member)) {
      const as = soundExtension(member.name);
      if (as !== undefined) skipped.push(as);
      members.forEach((copy, index) =>
        copy.push({ ...member, name: withCopy(member.name, index, copies) })
      );
      continue;
    }
    const source = sample.sourceName(member);
    try {
      for await (const { row, made } of augmentMember(member, stemOf(member), source, job)) {
        members[row.copy]?.push(...made);
        const { name, bytes } = made[0];
        const written = {
          byteSize: bytes.length,
          sha256: createHash("sha256").update(bytes).digest("hex"),
        };
        rows.push(...makeRows({ ...row, output, member: name, ...written }, sample.metadata));
      }
    } catch (error) {
      return { members: [], rows: [], failure: { source, reason: reasonOf(error) } };
    }
  }
  return { members: members.flat(), rows, skipped };
}

function isSound({ name }: Member): boolean {
  return AUDIO_EXTENSIONS.includes(extname(name).toLowerCase());
}

/** What a sound member's outputs begin with: sound members that differ only in their extension keep it. */
function stemsOf(members: readonly Member[]): (member: Member) => string {
  const short = ({ name }: Member) => name.slice(0, name.length - extname(name).length);
  const counts = new Map<string, number>();
  for (const member of members.filter(isSound)) {
    counts.set(short(member), (counts.get(short(member)) ?? 0) + 1);
  }
  return (member) => counts.get(short(member)) === 1 ? short(member) : member.name;
}

/** A member's name with the copy's number in its key. */
function withCopy(name: string, copy: number, copies: number): string {
  const key = keyOf(name);
  return `${key}${copySuffix(copy, copies)}${name.slice(key.length)}`;
}

/** A sound file's copies: each one and what was drawn for it. */
async function* augmentMember({ bytes, mtime }: Member, stem: string, source: string, job: Job) {
  const { copies, format } = job.settings;
  // Each has its own memory: it waits for its turn to be written.
  const scratch = new Scratch();
  const opened = await sourceOfBytes(bytes, scratch);
  for await (const { pieces, row } of makeCopies(opened, source, { ...job, scratch })) {
    const chunks: Uint8Array[] = [];
    for await (const piece of pieces) chunks.push(new Uint8Array(piece));
    const name = withCopy(stem, row.copy, copies);
    const parameters = Buffer.from(JSON.stringify(row.parameters));
    const made: [Member, Member] = [
      { name: `${name}.${format.container}`, bytes: Buffer.concat(chunks), mtime },
      { name: `${name}${PARAMETERS}`, bytes: parameters, mtime },
    ];
    yield { row, made };
  }
}

/** A tar file's bytes. The same members give the same bytes, whoever runs it and when. */
async function* packMembers(members: AsyncIterable<Member>): AsyncIterable<Uint8Array> {
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
  filling.catch((error) => tar.destroy(error));
  for await (const chunk of tar) yield chunk as Uint8Array;
  await filling;
}
