/** What becomes of one sample of a tar shard: all members with the same key. */
import { Buffer } from "node:buffer";
import { extname } from "node:path";
import { AUDIO_EXTENSIONS } from "../audio/read.ts";
import { isFatal, reasonOf } from "../errors.ts";
import { soundExtension } from "../options.ts";
import type { Job } from "./augment.ts";
import type { Failure } from "./journal.ts";
import type { Metadata } from "./lists.ts";
import { makeRows, type ManifestRow } from "./manifest.ts";
import { copySuffix } from "./plan.ts";
import { codeSample } from "./sample.ts";

/** One file of a tar shard. */
export interface Member {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mtime: Date;
}

/** All members of one key. */
export interface Sample {
  readonly members: readonly Member[];
  /** Why it can't be processed, where it can't. */
  readonly failure?: Failure;
  /** What draws and the manifest call a member. */
  sourceName(member: Pick<Member, "name">): string;
  readonly metadata?: readonly Metadata[];
}

/** What a sample becomes. */
export interface Result {
  readonly members: readonly Member[];
  readonly rows: readonly ManifestRow[];
  readonly failure?: Failure;
  /** Kinds of sound files that were copied as they are. */
  readonly skipped?: readonly string[];
}

/** The extension of the member that holds what was drawn. */
const PARAMETERS = ".augment.json";

/** A member's name up to its first dot. */
export function keyOf(name: string): string {
  const start = name.lastIndexOf("/") + 1;
  const dot = name.indexOf(".", start);
  return dot < 0 ? name : name.slice(0, dot);
}

/** A sample's copies. One that has a sound file that can't be decoded is left out. */
export async function augmentSample(
  sample: Sample,
  output: string,
  job: Pick<Job, "settings" | "signal" | "threads">,
): Promise<Result> {
  if (sample.failure) return { members: [], rows: [], failure: sample.failure };
  const { settings, signal, threads } = job;
  const { copies, format } = settings;
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
    const { mtime } = member;
    try {
      const coded = await codeSample(member.bytes, source, settings, signal, undefined, threads);
      for (const { row, bytes, written } of coded) {
        const stem = withCopy(stemOf(member), row.copy, copies);
        const name = `${stem}.${format.container}`;
        const parameters = Buffer.from(JSON.stringify(row.parameters));
        members[row.copy]?.push({ name, bytes, mtime });
        members[row.copy]?.push({ name: `${stem}${PARAMETERS}`, bytes: parameters, mtime });
        rows.push(...makeRows({ ...row, output, member: name, ...written }, sample.metadata));
      }
    } catch (error) {
      if (signal.aborted || isFatal(error)) throw error;
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
