// Prints, as JSON, the mistakes that StrykerJS knows for the files that are named, as changes of
// their text. A program of its own: Babel's modules want to be loaded by Node.
import { readFileSync } from "node:fs";
import process from "node:process";
import { Instrumenter } from "@stryker-mutator/instrumenter";

const log = { debug() {}, info() {}, warn() {}, isDebugEnabled: () => false };
const options = { plugins: null, excludedMutations: [], ignorers: [] };
const all = [];
for (const file of process.argv.slice(2)) {
  const text = readFileSync(file, "utf8");
  const begins = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  const offsetOf = ({ line, column }) => (begins[line] ?? 0) + column; // both count from 0
  const files = [{ name: file, content: text, mutate: true }];
  const { mutants } = await new Instrumenter(log).instrument(files, options);
  for (const { location: { start, end }, replacement: to } of mutants) {
    const offset = offsetOf(start);
    all.push({ file, line: start.line + 1, offset, from: text.slice(offset, offsetOf(end)), to });
  }
}
console.log(JSON.stringify(all));
