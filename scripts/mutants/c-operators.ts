// The small mistakes that are put into C, one at a time: operators swapped, limits moved by one,
// constants changed, conditions reversed, statements left out.
import type { Mutant } from "./results.ts";

/** One mistake, of a file that the caller knows. */
export type CMutant = Omit<Mutant, "file">;

const SWAPS: Record<string, readonly string[]> = {
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "==": ["!="],
  "!=": ["=="],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "<<": [">>"],
  ">>": ["<<"],
  "&": ["|"],
  "|": ["&"],
  "^": ["|"],
  "&&": ["||"],
  "||": ["&&"],
  "+=": ["-="],
  "-=": ["+="],
  "*=": ["/="],
  "|=": ["&="],
  "&=": ["|="],
  "++": ["--"],
  "--": ["++"],
  true: ["false"],
  false: ["true"],
  break: ["continue"],
};

const TOKEN =
  /[A-Za-z_]\w*|(?:\d[\w.]*|\.\d\w*)(?:(?<=[eEpP])[+-]\d+\w*)?|->|\+\+|--|<<=|>>=|<<|>>|[<>=!+\-*/%&|^]=|&&|\|\||[-+*/%&|^<>=!~?:;,.(){}[\]]/g;

/** Comments, strings and lines of the preprocessor, but for what macros expand to, as spaces. */
function blank(text: string): string {
  const spaces = (found: string) => found.replace(/[^\n]/g, " ");
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g,
    spaces,
  )
    .replace(/^[ \t]*#(?:[^\n]*\\\n)*[^\n]*/gm, spaces);
}

/** Whether a token that may be binary or unary has a value before it, which makes it binary. */
function isAfterValue(before: string | undefined): boolean {
  return before !== undefined && /^(?:[\w.]+|\)|\])$/.test(before) &&
    !/^(return|case)$/.test(before);
}

/** All mistakes for a file. */
export function mutantsOf(text: string): CMutant[] {
  const code = blank(text);
  const tokens = [...code.matchAll(TOKEN)];
  const mutants = [
    ...tokens.flatMap((token, index) => {
      // A pointer's declaration or a cast: `float *samples`, `(uint8_t *)`.
      if (token[0] === "*" && code[token.index + 1] !== " ") return [];
      return replacements(token[0], tokens[index - 1]?.[0], tokens[index + 1]?.[0])
        .map((to) => ({ offset: token.index, from: token[0], to }));
    }),
    ...statements(code),
    ...conditions(code),
  ];
  const lineOf = (offset: number) => text.slice(0, offset).split("\n").length;
  return mutants.map((mutant) => ({ line: lineOf(mutant.offset), ...mutant }));
}

function replacements(token: string, before?: string, after?: string): readonly string[] {
  if (/^[-+*&]$/.test(token) && !isAfterValue(before)) {
    return token === "-" ? [" "] : [];
  }
  if (token === "!") return [" "];
  if (/^\d/.test(token)) return numbers(token, before, after);
  return SWAPS[token] ?? [];
}

function numbers(token: string, before?: string, after?: string): readonly string[] {
  const [, digits = "", suffix = ""] = /^(\d+)([uUlL]*)$/.exec(token) ?? [];
  if (digits === "0") return [`1${suffix}`];
  if (digits) {
    return [`${Number(digits) + 1}${suffix}`, ...(digits === "1" ? [`0${suffix}`] : [])];
  }
  if (/^0x/.test(token)) return [`(${token} + 1)`];
  return before === "[" && after === "]" ? [] : [`(${token} * 1.5f)`];
}

/** Statements of one line, but for declarations, are left out. */
function statements(code: string): { offset: number; from: string; to: string }[] {
  const found = code.matchAll(
    /^([ \t]+)((?!return\b|break\b|const\b|static\b|typedef\b|enum\b|goto\b)[A-Za-z_*(][^;{}#]*;)[ \t]*$/gm,
  );
  return [...found].flatMap(({ 1: space = "", 2: from = "", index }) =>
    /^[A-Za-z_]\w*(?:\s+\*?|\s*\*\s*)[A-Za-z_]\w*(?:\[|\s*[;=,])/.test(from)
      ? []
      : [{ offset: index + space.length, from, to: ";" }]
  );
}

/** `if (...)` is always and never so. */
function conditions(code: string): { offset: number; from: string; to: string }[] {
  return [...code.matchAll(/\b(if|while) \(/g)].flatMap(
    ({ index, 0: head, 1: word }) => {
      const begin = index + head.length;
      const end = closing(code, begin);
      const from = code.slice(begin, end);
      if (from.includes("\n")) return [];
      return [...(word === "if" ? ["1"] : []), "0"].map((to) => ({ offset: begin, from, to }));
    },
  );
}

function closing(code: string, begin: number): number {
  let depth = 1;
  for (let at = begin; at < code.length; at++) {
    if (code[at] === "(") depth++;
    if (code[at] === ")" && --depth === 0) return at;
  }
  return code.length;
}
