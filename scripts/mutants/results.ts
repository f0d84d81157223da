// What came of the mutants, as tables.
import { markdownTable } from "markdown-table";

/** What came of one mistake. */
export interface Result {
  file: string;
  line: number;
  /** What was changed into what. */
  what: string;
  state:
    | "noticed"
    | "survived"
    | "nothing runs it"
    | "the same code"
    | "doesn't compile";
  /** What has noticed it. */
  by?: string | undefined;
}

/** How many mutants of each room are judged, 0 for all, and by which seed they are drawn. */
export interface Drawn {
  count: number;
  seed: number;
}

/** Takes a sample of mutants, or all. */
export type Draw = <T extends { file: string }>(mutants: readonly T[]) => T[];

/** The folder that a file is in, without `csrc/`. */
export function roomOf(file: string): string {
  return file.replace(/^csrc\//, "").split("/").slice(0, -1).join("/") || ".";
}

/** Of a room: `count` mutants drawn by a seed, always the same ones. */
export function sample(count: number, seed: number): Draw {
  return (mutants) => {
    const byRoom = Map.groupBy(mutants, ({ file }) => roomOf(file));
    const random = generator(seed);
    return [...byRoom.values()].flatMap((all) => {
      const left = [...all];
      for (let i = left.length - 1; i > 0; i--) {
        const other = Math.floor(random() * (i + 1));
        [left[i], left[other]] = [left[other] as typeof left[0], left[i] as typeof left[0]];
      }
      return left.slice(0, count);
    });
  };
}

/** mulberry32, by Tommy Ettinger. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed);
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

const unnoticed = ({ state }: Result) => state === "survived" || state === "nothing runs it";

/** One line per room. */
export function tableOf(results: readonly Result[]): string {
  const rows = [...Map.groupBy(results, ({ file }) => roomOf(file))].sort().map(
    ([room, own]) => {
      const count = (state: Result["state"]) =>
        own.filter((result) => result.state === state).length;
      const left = own.filter(unnoticed).length;
      const noticed = count("noticed");
      const share = noticed + left === 0
        ? "–"
        : `${Math.round(100 * noticed / (noticed + left))} %`;
      return [room, noticed, left, count("the same code"), count("doesn't compile"), share];
    },
  );
  const head = ["room", "noticed", "not noticed", "the same code", "doesn't compile", "share"];
  return markdownTable([head, ...rows].map((row) => row.map(String)), {
    align: ["l", "r", "r", "r", "r", "r"],
  });
}

/** One line per mistake that nothing has noticed. */
export function survivorsOf(results: readonly Result[]): string {
  return results.filter(unnoticed).sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line)
    .map(({ file, line, what, state }) => `${file}:${line}: ${what} (${state})`)
    .join("\n");
}
