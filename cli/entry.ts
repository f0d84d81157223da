/**
 * The program's first file, which threads start with, too: so one file is enough in packages and
 * executables.
 */
let entry: URL | undefined;

/** Says which file it is. */
export function setEntry(url: string): void {
  entry = new URL(url);
}

/** Which file it is, for a thread to start with. */
export function entryUrl(): URL {
  if (entry === undefined) throw new Error("nobody has called setEntry()");
  if (entry.protocol === "file:") return entry;
  // Deno starts threads of files and data alone, and a module may come from a server.
  return new URL(`data:text/javascript,${encodeURIComponent(`import ${JSON.stringify(entry)}`)}`);
}
