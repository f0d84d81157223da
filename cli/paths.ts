/** What a path is: a file, a folder, a pipe or a device, where its links lead, and whether two are one. */
import { fstatSync, type Stats, statSync } from "node:fs";
import { readlink, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

/** What lies at a path, behind all links. */
export type Kind = "file" | "folder" | "pipe" | "device" | "socket";

/** What is known of it. */
export interface Found {
  readonly kind: Kind;
  /** The same for all names of one file, on file systems that don't tell case apart too. */
  readonly identity: string;
  readonly byteSize: number;
  readonly mtimeMs: number;
  readonly mode: number;
}

/** What lies at a path; undefined if nothing does. Standard streams go by "-" and by /dev names. */
export async function look(path: string): Promise<Found | undefined> {
  if (isStandardInput(path)) return lookAtDescriptor(0);
  return foundOf(await stat(path).catch(ifNothing));
}

/** The same at once, where one file is looked at and not many. */
export function lookNow(path: string): Found | undefined {
  if (isStandardInput(path)) return lookAtDescriptor(0);
  try {
    return foundOf(statSync(path));
  } catch (error) {
    return ifNothing(error);
  }
}

/** Throws what isn't about a file that isn't there. */
function ifNothing(error: unknown): undefined {
  const { code } = error as { code?: unknown };
  if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
}

/** What an open descriptor is; undefined if the runtime doesn't know it. */
export function lookAtDescriptor(descriptor: number): Found | undefined {
  try {
    return foundOf(fstatSync(descriptor));
  } catch {
    return undefined;
  }
}

function foundOf(stats: Stats): Found;
function foundOf(stats: Stats | undefined): Found | undefined;
function foundOf(stats: Stats | undefined): Found | undefined {
  if (stats === undefined) return undefined;
  const { dev, ino, size, mtimeMs, mode } = stats;
  return { kind: kindOf(stats), identity: `${dev}:${ino}`, byteSize: size, mtimeMs, mode };
}

function kindOf(stats: Stats): Kind {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "folder";
  if (stats.isFIFO()) return "pipe";
  return stats.isSocket() ? "socket" : "device";
}

/** Whether neither the file at a path nor what it holds has changed since. */
export function isUnchanged(before: Found, now: Found | undefined): boolean {
  return now !== undefined && now.identity === before.identity &&
    now.byteSize === before.byteSize && now.mtimeMs === before.mtimeMs;
}

/** Whether a path means what the program reads from. */
export function isStandardInput(path: string): boolean {
  return path === "-" || /^\/dev\/(stdin|fd\/0)$|^\/proc\/self\/fd\/0$/.test(path);
}

/** Whether a path means what the program writes to. */
export function isStandardOutput(path: string): boolean {
  return path === "-" || /^\/dev\/(stdout|fd\/1)$|^\/proc\/self\/fd\/1$/.test(path);
}

/** Whether a path means a descriptor that whoever started the program has opened. */
export function isDescriptor(path: string): boolean {
  return /^\/dev\/(stderr|fd\/\d+)$|^\/proc\/self\/fd\/\d+$/.test(path);
}

/** Where a path's links lead, also to what isn't there yet. */
export async function targetOf(path: string): Promise<string> {
  let target = path;
  for (let hops = 0; hops < 40; hops++) {
    const link = await readlink(target).catch(() => undefined);
    if (link === undefined) return target;
    target = resolve(await realpath(dirname(target)), link);
  }
  throw Object.assign(new Error("too many links"), { code: "ELOOP" });
}

/** The real path of what may not be there yet: links are followed as far as there are any. */
export async function realPathOf(path: string): Promise<string> {
  const target = resolve(await targetOf(path));
  try {
    return await realpath(target);
  } catch {
    const folder = dirname(target);
    return folder === target ? target : join(await realPathOf(folder), basename(target));
  }
}
