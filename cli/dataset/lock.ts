/**
 * One process at a time writes a journal. The lock is a file that its owner touches again and again:
 * who finds one that stays as it is for a while, or whose process on this machine is gone, takes it
 * over. No clocks are compared, so that it works on a file system that many machines share.
 */
import { readlinkSync } from "node:fs";
import { open, readFile, rename, rm, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import process from "node:process";
import { clearInterval, setInterval } from "node:timers";
import { setTimeout as wait } from "node:timers/promises";
import { CliError, EXIT } from "../errors.ts";
import { makeFolderOf } from "../files.ts";

const BEAT_MS = 10_000;
/** A machine may be slow, and a file system may show changes late. */
const PATIENCE_MS = 6 * BEAT_MS;

/** How a lock is got. */
export interface LockOptions {
  readonly signal: AbortSignal;
  /** Tells people why it takes a while. */
  readonly say: (text: string) => void;
  readonly beatMs?: number;
  readonly patienceMs?: number;
}

/**
 * Gets the lock, and waits to see whether another owner is alive. If another process takes it over, as
 * after this one was stopped for long, this one ends at once.
 *
 * @returns what gives the lock back
 * @throws {CliError} if another process has it
 */
export async function takeLock(path: string, options: LockOptions): Promise<() => Promise<void>> {
  const { beatMs = BEAT_MS, say } = options;
  const owner = `${machine()} ${process.pid} ${crypto.randomUUID()}`;
  makeFolderOf(path);
  while (!await createWith(path, owner)) await removeIfDead(path, options);
  const beat = setInterval(async () => {
    const found = await contentOf(path);
    if (found !== undefined && found !== owner) {
      say("another process has taken over, as this one seemed dead");
      process.exit(EXIT.failed);
    }
    await utimes(path, new Date(), new Date()).catch(() => {});
  }, beatMs);
  beat.unref();
  return async () => {
    clearInterval(beat);
    if (await contentOf(path) === owner) await rm(path, { force: true });
  };
}

/** Where a process's number means something: containers may have their host's name, but not its numbers. */
function machine(): string {
  try {
    return `${hostname()}/${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return hostname(); // not Linux
  }
}

async function createWith(path: string, owner: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    await file.writeFile(owner).finally(() => file.close());
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === "EEXIST") return false;
    throw error;
  }
}

/** Returns when the lock may be free, or throws. */
async function removeIfDead(path: string, options: LockOptions): Promise<void> {
  const owner = await contentOf(path);
  if (owner === undefined) return;
  const [host = "", pid = ""] = owner.split(" ");
  if (host === machine() && isGone(Number(pid))) return await remove(path, owner);
  options.say(`process ${pid} on ${nameOf(host)} has the output folder's lock: is it alive?`);
  if (await isTouched(path, options)) {
    throw new CliError(
      `process ${pid} on ${nameOf(host)} is writing the same outputs: wait for it, or stop it`,
    );
  }
  if (options.signal.aborted) throw new CliError("interrupted", EXIT.interrupted);
  await remove(path, owner);
}

function nameOf(host: string): string {
  return host.split("/")[0] as string;
}

/** An earlier process of a container may have had the number that is this one's now. */
function isGone(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as { code?: unknown }).code === "ESRCH";
  }
}

/** Whether the file changes, or goes, before patience ends. */
async function isTouched(path: string, options: LockOptions): Promise<boolean> {
  const { signal, beatMs = BEAT_MS, patienceMs = PATIENCE_MS } = options;
  const before = await touchedAt(path);
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += beatMs / 10) {
    await wait(beatMs / 10, undefined, { signal }).catch(() => {});
    if (signal.aborted) return false;
    if (await touchedAt(path) !== before) return await touchedAt(path) !== undefined;
  }
  return false;
}

/** By opening it: NFS may answer without that from what it knew a minute ago. */
async function touchedAt(path: string): Promise<number | undefined> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  return await file.stat().then(({ mtimeMs }) => mtimeMs).finally(() => file.close());
}

/** Of several that remove a dead owner's lock one does, and none a new owner's. */
async function remove(path: string, owner: string): Promise<void> {
  const aside = `${path}.${crypto.randomUUID()}`;
  await rename(path, aside).catch(() => {});
  const removed = await contentOf(aside);
  if (removed !== undefined && removed !== owner) await rename(aside, path);
  else await rm(aside, { force: true });
}

async function contentOf(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(() => undefined);
}
