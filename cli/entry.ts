/**
 * The program's first file, which threads start with, too: so one file is enough in packages and
 * executables.
 */
let entry: URL | undefined;

/** Says which file it is. */
export function setEntry(url: string): void {
  entry = new URL(url);
}

/** Which file it is. */
export function entryUrl(): URL {
  if (entry === undefined) throw new Error("nobody has called setEntry()");
  return entry;
}
