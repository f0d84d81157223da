// The API reference: every public function and class has an example, which has the right types and
// prints what it says.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { needTool, root, run } from "./tools.mjs";

interface Tag {
  kind: string;
  doc?: string;
}
interface Declaration {
  kind: string;
  jsDoc?: { tags?: Tag[] };
}
interface Reference {
  nodes: Record<string, { symbols: { name: string; declarations: Declaration[] }[] }>;
}

const deno = needTool("deno");
const folder = join(root, "dist", "examples");
after(() => rmSync(folder, { recursive: true, force: true }));

const { exports }: { exports: Record<string, string> } = JSON.parse(
  readFileSync(join(root, "deno.json"), "utf8"),
);
const entries = Object.values(exports).filter((path) => !path.startsWith("./cli/"));

/** The examples by the names of what they are for. */
async function readExamples(): Promise<Map<string, string[]>> {
  const { code, stdout, output } = await run(deno, ["doc", "--json", ...entries]);
  assert.equal(code, 0, output);
  const { nodes } = JSON.parse(stdout) as Reference;
  const examples = new Map<string, string[]>();
  for (const { name, declarations } of Object.values(nodes).flatMap(({ symbols }) => symbols)) {
    if (!declarations.some(({ kind }) => kind === "function" || kind === "class")) continue;
    const tags = declarations.flatMap(({ jsDoc }) => jsDoc?.tags ?? []);
    const blocks = tags.filter(({ kind }) => kind === "example")
      .map(({ doc = "" }) => /```ts\n([^]*?)```/.exec(doc)?.[1] ?? "");
    examples.set(name, blocks);
  }
  return examples;
}

/** A program that runs all of them and tells what each has printed. */
const makeRunner = (names: string[]) =>
  `const modules: Record<string, () => Promise<unknown>> = {
${names.map((name) => `  "${name}": () => import("./${name}.ts"),`).join("\n")}
};
const printed: Record<string, string[]> = {};
for (const [name, load] of Object.entries(modules)) {
  const lines: string[] = printed[name] = [];
  console.log = (...values: unknown[]) => void lines.push(values.join(" "));
  await load();
}
await new Promise((resolve) => setTimeout(resolve)); // what is printed a moment later
console.info(JSON.stringify(printed));
`;

test("each example has the right types and prints what it says", async () => {
  const examples = await readExamples();
  assert.ok(examples.size > 20);
  const lacking = [...examples].filter(([, blocks]) => blocks.length === 0).map(([name]) => name);
  assert.deepEqual(lacking, [], "these have no @example");
  mkdirSync(folder, { recursive: true });
  const all = [...examples].flatMap(([name, blocks]) =>
    blocks.map((code, index) => ({ name: `${name}-${index}`, code }))
  );
  for (const { name, code } of all) writeFileSync(join(folder, `${name}.ts`), code);
  const runner = join(folder, "all.ts");
  writeFileSync(runner, makeRunner(all.map(({ name }) => name)));
  const args = ["run", "--check", "--no-prompt", "--allow-ffi", "--quiet", runner];
  const { code, stdout, output } = await run(deno, args, { env: { NO_COLOR: "1" } });
  assert.equal(code, 0, output);
  const printed: Record<string, string[]> = JSON.parse(stdout);
  for (const { name, code } of all) {
    // "// 128: the reason" says 128.
    const said = [...code.matchAll(/console\.log\(.*\); \/\/ (.*?)(?:: .*)?$/gm)]
      .map(([, what = ""]) => what);
    const lines = printed[name]?.filter((line) => said.includes(line));
    assert.deepEqual([...new Set(lines)], said, `${name} printed ${printed[name]}`);
  }
});

test("npm run docs makes the reference", async () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const [, ...args] = scripts.docs.split(" ");
  const { code, output } = await run(deno, args);
  assert.equal(code, 0, output.slice(-2000));
  assert.match(readFileSync(join(root, "dist/docs/index.html"), "utf8"), /compressRoundtrip/);
});
