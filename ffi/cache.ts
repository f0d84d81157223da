import type { Platform, Runtime } from "./runtime.ts";
import type { Pair } from "./target.ts";

/** The environment variable that names the folder of unpacked libraries. */
export const CACHE_VARIABLE = "MP3_AUGMENT_CACHE";

interface Status {
  readonly uid: number;
  readonly size: number;
  isDirectory(): boolean;
  isFile(): boolean;
}

/** The part of node:* that is used here; it is asked for only when something is unpacked. */
interface Builtins {
  getBuiltinModule(name: "node:fs"): {
    readFileSync(path: string): Uint8Array;
    writeFileSync(path: string, data: Uint8Array, options: { flag: "wx"; mode: number }): void;
    mkdirSync(path: string, options: { recursive: true; mode: number }): void;
    chmodSync(path: string, mode: number): void;
    renameSync(from: string, to: string): void;
    rmSync(path: string, options: { force: true }): void;
    rmdirSync(path: string): void;
    lstatSync(path: string): Status;
    openSync(path: string, flags: "r"): number;
    fstatSync(file: number): Status;
    readSync(file: number, into: Uint8Array): number;
    closeSync(file: number): void;
  };
  getBuiltinModule(name: "node:crypto"): {
    createHash(algorithm: "sha256"): {
      update(data: Uint8Array): { digest(encoding: "hex"): string };
    };
  };
}

function builtins(): Builtins {
  return (globalThis as unknown as { process: Builtins }).process;
}

/** The variables that say where a platform's users keep caches, and the folders below them. */
export function cachePlaces(
  { os }: Platform,
): readonly (readonly [variable: string, below: string])[] {
  const own = [CACHE_VARIABLE, ""] as const;
  if (os === "windows") return [own, ["LOCALAPPDATA", "/mp3-augment/cache"]];
  if (os === "macos") return [own, ["HOME", "/Library/Caches/mp3-augment"]];
  return [own, ["XDG_CACHE_HOME", "/mp3-augment"], ["HOME", "/.cache/mp3-augment"]];
}

/** This user's folder for unpacked libraries; undefined when no variable tells. */
export function cacheFolder(runtime: Runtime, platform: Platform): string | undefined {
  for (const [variable, below] of cachePlaces(platform)) {
    const folder = runtime.readEnvironment(variable);
    if (folder) return folder.replace(/[/\\]+$/, "") + below;
  }
  return undefined;
}

/** A file to be kept in the cache. */
export interface CachedFile {
  readonly name: string;
  readonly digest: string;
  /** Called only when the cache doesn't hold it. */
  read(): Uint8Array;
}

/** The files' source is at fault, and no other cache would help. */
export class SourceError extends Error {
  readonly code: "LIBRARY_NOT_FOUND" | "LIBRARY_INCOMPATIBLE";

  constructor(code: SourceError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function readFile(path: string): Uint8Array {
  return builtins().getBuiltinModule("node:fs").readFileSync(path);
}

/** At most so many bytes of a file's front, and its size. */
export function readFront(path: string, most: number): { front: Uint8Array; byteSize: number } {
  const fs = builtins().getBuiltinModule("node:fs");
  const file = fs.openSync(path, "r");
  try {
    const bytes = new Uint8Array(most);
    const { size } = fs.fstatSync(file);
    return { front: bytes.subarray(0, fs.readSync(file, bytes)), byteSize: size };
  } finally {
    fs.closeSync(file);
  }
}

export function digestOf(bytes: Uint8Array): string {
  return builtins().getBuiltinModule("node:crypto").createHash("sha256").update(bytes)
    .digest("hex");
}

/** Puts both files, whole and with the right bytes, into a folder that only this user may write. */
export function fillCache(root: string, files: Pair<CachedFile>): string {
  const fs = builtins().getBuiltinModule("node:fs");
  // Other releases have other digests, so their folders never meet.
  const folder = `${root}/${files.shim.digest.slice(0, 16)}-${files.lame.digest.slice(0, 16)}`;
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const owner = checkOwner(folder);
  fs.chmodSync(folder, 0o700);
  for (const file of [files.lame, files.shim]) {
    if (!holds(folder, owner, file)) store(folder, owner, file);
  }
  return folder;
}

/** Who owns a real folder, which must be who runs this: another one could change it later. */
function checkOwner(folder: string): number {
  const fs = builtins().getBuiltinModule("node:fs");
  const found = fs.lstatSync(folder); // of a link, the link
  if (!found.isDirectory()) throw new Error(`${folder} is a link or a file: remove it`);
  // Not asked of the process: in Deno that would take one more permission.
  const probe = `${folder}/${crypto.randomUUID()}`;
  fs.mkdirSync(probe, { recursive: true, mode: 0o700 });
  const { uid } = fs.lstatSync(probe);
  fs.rmdirSync(probe);
  if (found.uid === uid) return uid;
  throw new Error(`${folder} belongs to user ${found.uid}, but this runs as ${uid}: remove it`);
}

function holds(folder: string, owner: number, { name, digest }: CachedFile): boolean {
  const path = `${folder}/${name}`;
  try {
    // Somebody else could change it after the check.
    const found = builtins().getBuiltinModule("node:fs").lstatSync(path);
    if (!found.isFile() || found.uid !== owner) return false;
    builtins().getBuiltinModule("node:fs").chmodSync(path, 0o600);
    return digestOf(readFile(path)) === digest;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENOENT" || code === "EPERM") return false;
    throw error;
  }
}

/** Under a name of its own first: another process never sees half a file. */
function store(folder: string, owner: number, file: CachedFile): void {
  const fs = builtins().getBuiltinModule("node:fs");
  const bytes = file.read();
  const found = digestOf(bytes);
  if (found !== file.digest) {
    throw new SourceError(
      "LIBRARY_INCOMPATIBLE",
      `${file.name} has the sha256 ${found} instead of ${file.digest}`,
    );
  }
  const temporary = `${folder}/${file.name}.${crypto.randomUUID()}`;
  try {
    fs.writeFileSync(temporary, bytes, { flag: "wx", mode: 0o600 });
    fs.renameSync(temporary, `${folder}/${file.name}`);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    // Windows replaces no library that is open: then another process was faster.
    if (!holds(folder, owner, file)) throw error;
  }
}
