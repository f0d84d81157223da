// The API reference: every public function and class has an example, which has the right types and
// prints what it says.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
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

interface Example {
  entry: string;
  name: string;
  code: string;
}

/** The examples of all functions and classes; a function without one has one without code. */
async function readExamples(): Promise<Example[]> {
  const { code, stdout, output } = await run(deno, ["doc", "--json", ...entries]);
  assert.equal(code, 0, output);
  const { nodes } = JSON.parse(stdout) as Reference;
  return Object.entries(nodes).flatMap(([url, { symbols }]) =>
    symbols.flatMap(({ name, declarations }) => {
      if (!declarations.some(({ kind }) => kind === "function" || kind === "class")) return [];
      const tags = declarations.flatMap(({ jsDoc }) => jsDoc?.tags ?? []);
      const examples = tags.filter(({ kind }) => kind === "example");
      return (examples.length > 0 ? examples : [{ doc: "" }]).map(({ doc = "" }, index) => ({
        entry: basename(url, ".ts"),
        name: `${name}-${index}`,
        code: /```ts\n([^]*?)```/.exec(doc)?.[1] ?? "",
      }));
    })
  );
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

const examples = await readExamples();

test("every public function and class has an example", () => {
  assert.ok(examples.length > 20);
  assert.deepEqual(examples.filter(({ code }) => code === "").map(({ name }) => name), []);
});

for (const entry of new Set(examples.map(({ entry }) => entry))) {
  test(`${entry}.ts: each example has the right types and prints what it says`, async () => {
    const own = examples.filter((example) => example.entry === entry);
    mkdirSync(folder, { recursive: true });
    for (const { name, code } of own) writeFileSync(join(folder, `${name}.ts`), code);
    const runner = join(folder, `${entry}.ts`);
    writeFileSync(runner, makeRunner(own.map(({ name }) => name)));
    // Where the WebAssembly module isn't built, its types are checked alone.
    const canRun = entry !== "wasm" || existsSync(join(root, "lib/wasm32/embedded.js"));
    const args = canRun ? ["run", "--check", "--no-prompt", "--allow-ffi"] : ["check"];
    const env = { NO_COLOR: "1" };
    const { code, stdout, output } = await run(deno, [...args, "--quiet", runner], { env });
    assert.equal(code, 0, output);
    if (!canRun) return;
    const printed: Record<string, string[]> = JSON.parse(stdout);
    for (const { name, code } of own) {
      // "// 128: the reason" says 128.
      const said = [...code.matchAll(/console\.log\(.*\); \/\/ (.*?)(?:: .*)?$/gm)]
        .map(([, what = ""]) => what);
      const lines = printed[name]?.filter((line) => said.includes(line));
      assert.deepEqual(new Set(lines), new Set(said), `${name} printed ${printed[name]}`);
    }
  });
}

test("npm run docs makes the reference", async () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const [, ...args] = scripts.docs.split(" ");
  const { code, output } = await run(deno, args);
  assert.equal(code, 0, output.slice(-2000));
  assert.match(readFileSync(join(root, "dist/docs/index.html"), "utf8"), /compressRoundtrip/);
});
