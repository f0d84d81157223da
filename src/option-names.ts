/** The names of options: an unknown one is a mistake that is told, never passed over. */
import { Mp3AugmentError, show } from "../ffi/errors.ts";

/** All names of a type's options; the compiler sees to it that none is missing. */
export function namesOf<T>(names: { readonly [K in keyof Required<T>]: true }): readonly string[] {
  return Object.entries(names).filter(([, isName]) => isName).map(([name]) => name);
}

/** The options as something to read from: an object that has no others. */
export function checkObject(
  options: unknown,
  names: readonly string[],
): Record<string, unknown> {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new Mp3AugmentError(
      "INVALID_OPTION",
      `options is ${show(options)}; it must be an object with some of ${names.join(", ")}`,
    );
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown === undefined) return options as Record<string, unknown>;
  throw new Mp3AugmentError(
    "INVALID_OPTION",
    `${unknown.slice(0, 40)} is no option here; did you mean ${nearestName(unknown, names)}? ` +
      `There are ${names.join(", ")}`,
  );
}

/** The name that takes the fewest changes; a beginning or an end counts little, case nothing. */
function nearestName(given: string, names: readonly string[]): string {
  const plain = (name: string) => name.replace(/[^a-z\d]/gi, "").toLowerCase();
  const wanted = plain(given.slice(0, 40));
  const distance = (name: string) => {
    const known = plain(name);
    const isPart = wanted.length > 2 && (known.includes(wanted) || wanted.includes(known));
    return isPart ? Math.abs(known.length - wanted.length) / 8 : editDistance(wanted, known);
  };
  return names.reduce((best, name) => distance(name) < distance(best) ? name : best);
}

/** Levenshtein's: how many characters to insert, remove or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, character] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (character === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
