// What Node's NODE_V8_COVERAGE has told of the code in dist/node/, by lines of the TypeScript. All
// processes and threads write there, also those that a spec starts.
import { readdirSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./tools.mjs";

interface Range {
  startOffset: number;
  endOffset: number;
  count: number;
}
interface Script {
  url: string;
  functions: { ranges: Range[] }[];
}

/**
 * Per file, per line that can run: whether any process ran it.
 * @param folder what NODE_V8_COVERAGE was
 * @param built where the rooms are, as JavaScript with maps
 */
export function linesOfV8(
  folder: string,
  built: string = join(root, "dist/node/"),
): Map<string, Map<number, boolean>> {
  const ran = new Map<string, Uint8Array>();
  for (const name of readdirSync(folder)) {
    const { result } = JSON.parse(readFileSync(join(folder, name), "utf8")) as { result: Script[] };
    for (const script of result) {
      if (!script.url.startsWith("file:")) continue;
      const path = fileURLToPath(script.url);
      if (/^(src|ffi|cli)\//.test(path.replace(built, ""))) addScript(ran, path, script);
    }
  }
  return new Map([...ran].map(([path, bytes]) => [
    path.replace(built, "").replace(/\.js$/, ".ts"),
    linesOf(path, bytes),
  ]));
}

/** Marks what one process ran. Within a function's range those of its blocks tell more exactly. */
function addScript(ran: Map<string, Uint8Array>, path: string, { functions }: Script): void {
  const ranges = functions.flatMap((one) => one.ranges).sort((a, b) =>
    a.startOffset - b.startOffset || b.endOffset - a.endOffset
  );
  const length = Math.max(...ranges.map(({ endOffset }) => endOffset));
  const now = new Uint8Array(length);
  for (const { startOffset, endOffset, count } of ranges) {
    now.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  }
  const all = ran.get(path) ?? new Uint8Array(length);
  now.forEach((value, i) => all[i] = (all[i] ?? 0) | value);
  ran.set(path, all);
}

/** A line has run if any word of it has. */
function linesOf(path: string, ran: Uint8Array): Map<number, boolean> {
  const map = new SourceMap(JSON.parse(readFileSync(`${path}.map`, "utf8")));
  const lines = new Map<number, boolean>();
  let begin = 0;
  readFileSync(path, "utf8").split("\n").forEach((text, row) => {
    for (const { index } of text.matchAll(/[\w$]+|[^\s\w$]+/g)) {
      const { originalLine } = map.findEntry(row, index) as { originalLine?: number };
      if (originalLine === undefined) continue;
      const line = originalLine + 1;
      lines.set(line, lines.get(line) === true || ran[begin + index] === 1);
    }
    begin += text.length + 1;
  });
  return lines;
}
