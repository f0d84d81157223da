// What is kept of mutants between runs: which were noticed, which can't be told from the right code,
// and that one run at a time uses the folder.
import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { codeOf, type Mutant, type Verdict } from "./results.ts";
import { Failure, root } from "../tools.mjs";

/** One that does what the right code does. */
export interface Equivalent {
  file: string;
  /** The line, with what is changed in marks. */
  code: string;
  to: string;
  why: string;
}

const EQUIVALENTS = join(root, "scripts", "mutants", "equivalents.json");

export function readEquivalents(): Equivalent[] {
  return JSON.parse(readFileSync(EQUIVALENTS, "utf8"));
}

/** Whether one is among them. */
export function isEquivalent(all: readonly Equivalent[], text: string, mutant: Mutant): boolean {
  const code = codeOf(text, mutant);
  return all.some(({ file, code: known, to }) =>
    file === mutant.file && to === mutant.to.trim() && known === code
  );
}

/** Whoever was noticed in a file that hasn't changed is not judged again; who survived, is. */
export class Judged {
  readonly #path: string;
  readonly #known = new Map<string, Verdict>();

  constructor(path: string, isFresh: boolean) {
    this.#path = path;
    if (isFresh) rmSync(path, { force: true });
    mkdirSync(dirname(path), { recursive: true });
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
    for (const line of lines) {
      const [key, verdict] = JSON.parse(line) as [string, Verdict];
      this.#known.set(key, verdict);
    }
  }

  find(text: string, mutant: Mutant): Verdict | undefined {
    return this.#known.get(keyOf(text, mutant));
  }

  keep(text: string, mutant: Mutant, verdict: Verdict): void {
    if (verdict.state === "survived" || verdict.state === "nothing runs it") return;
    appendFileSync(this.#path, `${JSON.stringify([keyOf(text, mutant), verdict])}\n`);
  }
}

function keyOf(text: string, { file, offset, from, to }: Mutant): string {
  const whole = JSON.stringify([file, text, offset, from, to]);
  return createHash("sha256").update(whole).digest("base64url");
}

/** Two runs in one folder would take each other's programs: the second one is refused. */
export function lock(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "lock");
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
  } catch {
    const owner = Number(readFileSync(path, "utf8"));
    if (isAlive(owner)) {
      throw new Failure(`process ${owner} works in ${folder} already: wait for it, or end it`);
    }
    writeFileSync(path, String(process.pid));
  }
  process.on("exit", () => rmSync(path, { force: true }));
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}
