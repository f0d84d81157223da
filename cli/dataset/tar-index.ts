/** What a tar file holds and where: samples can then be read whole, in whatever order it has them. */
import { Buffer } from "node:buffer";
import { type FileHandle, open, stat } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { posix } from "node:path";
import { extract, type Header } from "tar-stream";

/** A member of a tar file. */
export interface Entry {
  readonly name: string;
  readonly mtime: Date;
  /** Where its bytes are; those of what it links to. */
  readonly place?: Place;
  /** Why it can't be read, where it can't. */
  readonly problem?: string;
}

interface Place {
  readonly offset: number;
  readonly byteSize: number;
}

/** What tar-stream's type declarations leave out. */
export type FullHeader = Omit<Header, "type"> & { type?: string | null; byteOffset: number };

const EPOCH = new Date(0);

/** Lists a tar file's members but for folders, in its order. */
export async function indexTar(path: string): Promise<Entry[]> {
  const headers: FullHeader[] = [];
  const { size: fileByteSize } = await stat(path);
  const input = createReadStream(path, { highWaterMark: 1 << 20 });
  const entries = extract();
  input.on("error", (error) => entries.destroy(error));
  input.pipe(entries);
  try {
    for await (const entry of entries) {
      headers.push({ ...entry.header } as unknown as FullHeader);
      entry.resume();
    }
  } catch (error) {
    // The map of a file with many holes lies where the next member is looked for.
    if (headers.some(isSparse)) throw new Error(`${SPARSE}, and can't be read on`);
    throw error;
  } finally {
    input.destroy();
  }
  const end = endOf(headers.at(-1));
  if (fileByteSize < end + BLOCK || !await isZero(path, end)) throw cutShort("it", fileByteSize);
  return entriesOf(headers.filter(isMember));
}

/**
 * Whether a header is of what belongs to a sample. macOS's tar puts a file's attributes into a member
 * ._NAME before it: as other hidden files, and as in WebDataset, these are no data.
 */
export function isMember({ type, name }: FullHeader): boolean {
  return type !== "directory" && !/(^|\/)\._[^/]*$/.test(name);
}

/** What a tar file consists of. It ends with blocks of zeros: one that was cut may lack nothing else. */
export const BLOCK = 512;

/** Where the last member ends, and zeros must begin. */
export function endOf(last: FullHeader | undefined): number {
  const byteSize = last?.type === "directory" ? 0 : last?.size ?? 0;
  return (last?.byteOffset ?? 0) + Math.ceil(byteSize / BLOCK) * BLOCK;
}

/** `what` has no end. */
export function cutShort(what: string, byteSize: number): Error {
  return new Error(`${what} was cut short: after ${byteSize} bytes no end of a tar came`);
}

async function isZero(path: string, offset: number): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BLOCK), 0, BLOCK, offset);
    return bytesRead === BLOCK && buffer.every((byte) => byte === 0);
  } finally {
    await file.close();
  }
}

/** What sparse members are refused with. */
export const SPARSE = "it holds a sparse member: pack it again without --sparse";

/** Whether GNU tar stored a member without its holes. */
export function isSparse({ type, pax }: FullHeader): boolean {
  return (type === null || type === undefined) ||
    Object.keys(pax ?? {}).some((key) => key.startsWith("GNU.sparse."));
}

function entriesOf(headers: readonly FullHeader[]): Entry[] {
  const byName = new Map(headers.map((header) => [posix.normalize(header.name), header]));
  return headers.map((header) => {
    const { name, mtime = EPOCH } = header;
    const found = resolveLink(header, byName);
    return typeof found === "string"
      ? { name, mtime, problem: found }
      : { name, mtime, place: { offset: found.byteOffset, byteSize: found.size ?? 0 } };
  });
}

const MAX_HOPS = 40;

/** The member that has the bytes, or why there is none. */
function resolveLink(
  header: FullHeader,
  byName: ReadonlyMap<string, FullHeader>,
): FullHeader | string {
  let at = header;
  for (let hops = 0; hops < MAX_HOPS; hops++) {
    if (isSparse(at)) return SPARSE;
    if (at.type === "file" || at.type === "contiguous-file") return at;
    if (at.type !== "link" && at.type !== "symlink") {
      return `${at.name} is a ${at.type}, not a file`;
    }
    const linkname = at.linkname ?? "";
    const target = at.type === "link" ? linkname : posix.join(posix.dirname(at.name), linkname);
    const next = byName.get(posix.normalize(target));
    if (next === undefined) return `${at.name} links to ${linkname}, which is not in the tar file`;
    at = next;
  }
  return `${header.name}: its links lead in a circle`;
}

/** A member's bytes. */
export async function readEntry(file: FileHandle, { name, place, problem }: Entry) {
  if (place === undefined) throw new Error(problem);
  const bytes = new Uint8Array(place.byteSize);
  for (let at = 0; at < bytes.length;) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, place.offset + at);
    if (bytesRead === 0) throw new Error(`the tar file ends within ${name}`);
    at += bytesRead;
  }
  return bytes;
}
