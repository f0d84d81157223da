/**
 * What `../harness.ts` is for the specs where they have no test runner and no permission: in one
 * bundle, in browsers and runtimes alike. What needs processes or files is left out.
 */
interface Spec {
  readonly name: string;
  readonly body: () => void | Promise<void>;
}

const specs: Spec[] = [];

/** No runtime's own tests. */
export const runtimeName = "WebAssembly";

/** Declares a test. */
export function test(name: string, body: Spec["body"]): void {
  specs.push({ name, body });
}

/** A test that needs what isn't here. */
class LeftOut extends Error {}

function leaveOut(): never {
  throw new LeftOut();
}

export const projectPath: () => never = leaveOut;
export const run: () => never = leaveOut;
export const runScript: () => never = leaveOut;

/**
 * How much memory the process has is asked of native libraries alone: browsers don't tell, and
 * `wasm.ts` looks at the module's own memory.
 */
export const memoryUsage: () => never = leaveOut;

/** Runs all that was declared, one after the other, and tells by lines; true when none has failed. */
export async function runSpecs(say: (line: string) => void): Promise<boolean> {
  const counts = { passed: 0, failed: 0, leftOut: 0 };
  for (const { name, body } of specs.splice(0)) {
    const start = performance.now();
    const took = () => `(${Math.round(performance.now() - start)} ms)`;
    try {
      await body();
      counts.passed++;
      say(`ok     ${name} ${took()}`);
    } catch (error) {
      if (error instanceof LeftOut) {
        counts.leftOut++;
        continue;
      }
      counts.failed++;
      say(`FAILED ${name} ${took()}\n${(error as Error)?.stack ?? error}\n${error}`);
    }
  }
  say(`${counts.leftOut} left out, which need a process`);
  say(`${counts.passed} passed, ${counts.failed} failed`);
  return counts.failed === 0;
}
