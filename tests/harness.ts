/** One way to declare a test for all runtimes' own runners, and what tests need of the runtime. */
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

// Deno hands it on, and a child's threads that are measured, too, never end.
delete process.env["DENO_COVERAGE_DIR"];

type Body = () => void | Promise<void>;
interface DenoRunner {
  test(options: { name: string; fn: Body; sanitizeOps: boolean; sanitizeResources: boolean }): void;
  execPath(): string;
  Command: new (
    command: string,
    options: { args: string[]; env: Record<string, string> },
  ) => { output(): Promise<{ code: number; stdout: Uint8Array; stderr: Uint8Array }> };
}

const deno = (globalThis as { Deno?: DenoRunner }).Deno;
const TIMEOUT_MS = 300_000;

/** `"Deno"`, `"Bun"` or `"Node"`. */
export const runtimeName: "Deno" | "Bun" | "Node" = deno
  ? "Deno"
  : "Bun" in globalThis
  ? "Bun"
  : "Node";

const declare: (name: string, body: Body) => void = deno
  // A library opened in one test stays open for all, and an aborted call ends in its own time.
  ? (name, fn) => deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false })
  : runtimeName === "Bun"
  ? await declareInBun()
  : await declareInNode();

async function declareInNode(): Promise<(name: string, body: Body) => void> {
  const { test } = await import("node:test");
  return (title, body) => void test(title, { timeout: TIMEOUT_MS }, body);
}

async function declareInBun(): Promise<(name: string, body: Body) => void> {
  const name = "bun:test"; // not a literal in the import, which Deno would try to resolve
  const bun = await import(name) as {
    test(name: string, body: Body, timeoutMs: number): void;
  };
  return (title, body) => bun.test(title, body, TIMEOUT_MS);
}

/** Declares a test. */
export function test(name: string, body: Body): void {
  declare(name, body);
}

/** What collects garbage at once; undefined in Deno, where much garbage makes it be collected. */
export async function garbageCollector(): Promise<(() => void) | undefined> {
  const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };
  if (Bun) return () => Bun.gc(true);
  if (runtimeName !== "Node") return undefined;
  const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([
    import("node:v8"),
    import("node:vm"),
  ]);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

/** The way from here to the root: what Node runs is in dist/node/tests/. */
const ROOT = runtimeName === "Node" ? "../../../" : "../";

/** The path of a file of the project, from its root. */
export function projectPath(path: string): string {
  return fileURLToPath(new URL(`${ROOT}${path}`, import.meta.url));
}

/** What a program has printed and how it ended. */
export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. Undefined variables stay as they are. */
export function run(
  command: string,
  parameters: readonly string[],
  env: Record<string, string | undefined> = {},
): Promise<Outcome> {
  const added = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return deno ? runByDeno(deno, command, parameters, added) : runByNode(command, parameters, added);
}

/** Deno's node:child_process would give every Deno that it starts all permissions. */
async function runByDeno(
  { Command }: DenoRunner,
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<Outcome> {
  const { code, stdout, stderr } = await new Command(command, { args: [...args], env }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

function runByNode(
  command: string,
  parameters: readonly string[],
  env: Record<string, string>,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => stdout += chunk);
    child.stderr.on("data", (chunk) => stderr += chunk);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs a script in a fresh process of this runtime. `permissions` are Deno's. */
export function runScript(
  path: string,
  permissions: readonly string[],
  options: { env?: Record<string, string | undefined>; parameters?: readonly string[] } = {},
): Promise<Outcome> {
  const parameters = options.parameters ?? [];
  if (deno) {
    const args = ["run", "--no-prompt", ...permissions, path, ...parameters];
    return run(deno.execPath(), args, options.env);
  }
  if (runtimeName === "Bun") {
    return run(process.execPath, ["run", path, ...parameters], options.env);
  }
  const built = ["tests/", "cli/"].reduce(
    (path, folder) => path.replace(projectPath(folder), projectPath(`dist/node/${folder}`)),
    path,
  ).replace(/\.ts$/, ".js");
  // node:ffi tells of being experimental.
  const quiet = "--disable-warning=ExperimentalWarning";
  return run(process.execPath, [quiet, built, ...parameters], options.env);
}
