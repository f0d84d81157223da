/**
 * WebDataset shards: tar files where all members with the same key (the name up to its first dot)
 * make up one sample, one after another.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Buffer } from "node:buffer";
import { extname, join } from "node:path";
import { extract, type Header, pack } from "tar-stream";
import { AUDIO_EXTENSIONS, readBytes } from "../audio/read.ts";
import { Scratch } from "../audio/scratch.ts";
import { sourceOfBytes } from "../audio/source.ts";
import { reasonOf } from "../errors.ts";
import { writeAtomically } from "../files.ts";
import { type Job, makeCopies, makeRow } from "./augment.ts";
import type { Failure, JournalRecord } from "./journal.ts";
import type { ManifestRow } from "./manifest.ts";
import { copySuffix, type ListedFile, type Unit } from "./plan.ts";

/** One file of a tar shard. */
interface Member {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mtime: Date;
}

/** All members of one key. */
interface Sample {
  readonly members: readonly Member[];
  /** What draws and the manifest call a member. */
  sourceName(member: Member): string;
  readonly metadata?: Record<string, unknown>;
}

/** What a sample becomes. */
interface Result {
  readonly members: readonly Member[];
  readonly rows: readonly ManifestRow[];
  readonly failure?: Failure;
}

/** The extension of the member that holds what was drawn. */
const PARAMETERS = ".augment.json";
const EPOCH = new Date(0);

/** Does one shard: reads a tar file or a list of files, writes a tar file. */
export async function augmentTar(
  unit: Unit,
  folder: string,
  job: Job,
  atOnce: number,
): Promise<JournalRecord> {
  const output = unit.outputs[0] as string;
  const rows: ManifestRow[] = [];
  const failures: Failure[] = [];
  const samples = unit.files ? samplesOfFiles(unit.files) : samplesOfTar(unit);
  const results = inOrder(samples, atOnce, (sample) => augmentSample(sample, output, job));
  const members = async function* () {
    for await (const result of results) {
      job.signal.throwIfAborted();
      yield* result.members;
      rows.push(...result.rows);
      if (result.failure) failures.push(result.failure);
    }
  };
  const written = await writeAtomically(join(folder, output), packMembers(members()));
  return {
    unit: unit.name,
    outputs: [{ path: output, ...written }],
    rows,
    ...(failures.length > 0 && { failures }),
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

async function* samplesOfTar(unit: Unit): AsyncIterable<Sample> {
  const sourceName = ({ name }: Member) => `${unit.name}/${name}`;
  let members: Member[] = [];
  for await (const member of readMembers(unit.path)) {
    if (members[0] && keyOf(members[0].name) !== keyOf(member.name)) {
      yield { members, sourceName };
      members = [];
    }
    members.push(member);
  }
  if (members.length > 0) yield { members, sourceName };
}

/** The files of a tar shard. */
export async function* readMembers(path: string): AsyncIterable<Member> {
  const input = createReadStream(path);
  const entries = extract();
  input.on("error", (error) => entries.destroy(error));
  input.pipe(entries);
  try {
    for await (const entry of entries) {
      const { name, type, mtime = EPOCH } = entry.header as Header;
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry) chunks.push(chunk as Uint8Array);
      if (type === "file") yield { name, bytes: Buffer.concat(chunks), mtime };
    }
  } finally {
    input.destroy();
  }
}

/** Each file becomes a sample; a dot in its name would end the key. */
async function* samplesOfFiles(files: readonly ListedFile[]): AsyncIterable<Sample> {
  for (const { name, path, metadata } of files) {
    const extension = extname(name);
    const stem = name.slice(0, name.length - extension.length);
    const start = stem.lastIndexOf("/") + 1;
    const key = stem.slice(0, start) + stem.slice(start).replaceAll(".", "_");
    const members: Member[] = [];
    // A file that can't be read shows when its sample is decoded.
    const bytes = await readBytes(path).catch((error) => Buffer.from(reasonOf(error)));
    members.push({ name: key + extension, bytes, mtime: EPOCH });
    if (metadata) {
      const json = Buffer.from(JSON.stringify(metadata));
      members.push({ name: `${key}.json`, bytes: json, mtime: EPOCH });
    }
    yield { members, sourceName: () => name, ...(metadata && { metadata }) };
  }
}

/** A sample's copies. One that has a sound file that can't be decoded is left out. */
async function augmentSample(sample: Sample, output: string, job: Job): Promise<Result> {
  const { copies } = job.settings;
  const members: Member[][] = Array.from({ length: copies }, () => []);
  const rows: ManifestRow[] = [];
  for (const member of sample.members) {
    if (member.name.endsWith(PARAMETERS)) continue; // of an earlier augmentation
    const extension = extname(member.name);
    if (!AUDIO_EXTENSIONS.includes(extension.toLowerCase())) {
      members.forEach((copy, index) =>
        copy.push({ ...member, name: `${copyStem(member.name, index, copies)}${extension}` })
      );
      continue;
    }
    const source = sample.sourceName(member);
    try {
      for await (const { row, made } of augmentMember(member, source, job)) {
        members[row.copy]?.push(...made);
        const { name, bytes } = made[0];
        const written = {
          byteSize: bytes.length,
          sha256: createHash("sha256").update(bytes).digest("hex"),
        };
        rows.push(makeRow({ ...row, output, member: name, ...written }, sample.metadata));
      }
    } catch (error) {
      return { members: [], rows: [], failure: { source, reason: reasonOf(error) } };
    }
  }
  return { members: members.flat(), rows };
}

/** A member's name without its extension, with the copy's number in its key. */
function copyStem(name: string, copy: number, copies: number): string {
  const key = keyOf(name);
  return `${key}${copySuffix(copy, copies)}${
    name.slice(key.length, name.length - extname(name).length)
  }`;
}

/** A sound file's copies: each one and what was drawn for it. */
async function* augmentMember({ name, bytes, mtime }: Member, source: string, job: Job) {
  const { copies, format } = job.settings;
  // Each has its own memory: it waits for its turn to be written.
  const scratch = new Scratch();
  const opened = await sourceOfBytes(bytes, scratch);
  for await (const { pieces, row } of makeCopies(opened, source, { ...job, scratch })) {
    const chunks: Uint8Array[] = [];
    for await (const piece of pieces) chunks.push(piece.slice());
    const stem = copyStem(name, row.copy, copies);
    const parameters = Buffer.from(JSON.stringify(row.parameters));
    const made: [Member, Member] = [
      { name: `${stem}.${format.container}`, bytes: Buffer.concat(chunks), mtime },
      { name: `${stem}${PARAMETERS}`, bytes: parameters, mtime },
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
