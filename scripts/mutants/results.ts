// What came of the mutants, as tables.
import { markdownTable } from "markdown-table";

/** One mistake: what stands at `offset` becomes something else. */
export interface Mutant {
  file: string;
  line: number;
  offset: number;
  from: string;
  to: string;
}

/** What came of one. */
export interface Verdict {
  state:
    | "noticed"
    | "survived"
    | "nothing runs it"
    | "equivalent"
    | "the same code"
    | "doesn't compile";
  /** What has noticed it. */
  by?: string | undefined;
}

export interface Result extends Verdict {
  file: string;
  line: number;
  /** The line with what was changed in marks, and into what. */
  code: string;
  to: string;
}

/** A file's text with the mistake in it. */
export function mutated(text: string, { offset, from, to }: Mutant): string {
  return text.slice(0, offset) + to + text.slice(offset + from.length);
}

/** The line of a mistake, with what is changed in ⟦marks⟧; of several lines the first. */
export function codeOf(text: string, { offset, from }: Mutant): string {
  const begin = text.lastIndexOf("\n", offset - 1) + 1;
  const [head = "", ...more] = text.slice(offset, offset + from.length).split("\n");
  const rest = more.length > 0 ? "" : text.slice(offset + from.length).split("\n")[0] ?? "";
  return `${text.slice(begin, offset)}⟦${head}⟧${rest}`.trim();
}

/** Takes a sample of mutants, or all. */
export type Draw = <T extends { file: string }>(mutants: readonly T[]) => T[];

/** The folder that a file is in, without `csrc/`. */
export function roomOf(file: string): string {
  return file.replace(/^csrc\//, "").split("/").slice(0, -1).join("/") || ".";
}

/** Of a room: `count` mutants drawn by a seed, always the same ones; one of each room after another. */
export function sample(count: number, seed: number): Draw {
  return (mutants) => {
    const random = generator(seed);
    const rooms = [...Map.groupBy(mutants, ({ file }) => roomOf(file)).values()];
    const drawn = rooms.map((all) => {
      const left = [...all];
      for (let i = left.length - 1; i > 0; i--) {
        const other = Math.floor(random() * (i + 1));
        [left[i], left[other]] = [left[other] as typeof left[0], left[i] as typeof left[0]];
      }
      return left.slice(0, count);
    });
    return Array.from({ length: count }, (_, i) => drawn.flatMap((own) => own.slice(i, i + 1)))
      .flat();
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
      const others = [count("equivalent"), count("the same code"), count("doesn't compile")];
      return [room, noticed, left, ...others, share];
    },
  );
  const states = ["noticed", "not noticed", "equivalent", "the same code", "doesn't compile"];
  const head = ["room", ...states, "share"];
  return markdownTable([head, ...rows].map((row) => row.map(String)), {
    align: ["l", "r", "r", "r", "r", "r", "r"],
  });
}

/** One line per mistake that nothing has noticed. */
export function survivorsOf(results: readonly Result[]): string {
  return results.filter(unnoticed).sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line)
    .map(({ file, line, code, to, state }) => `${file}:${line}: ${code} → ${to} (${state})`)
    .join("\n");
}
