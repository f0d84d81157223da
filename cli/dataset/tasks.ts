/** A run's units, cut into tasks that threads can do at the same time, and put together again. */
import type { JournalRecord, OutputFile } from "./journal.ts";
import type { Task, Unit } from "./plan.ts";
import { type Done, doneOf, type Outcome } from "./task.ts";

/** So many tasks per thread leave none of them idle at the end for long. */
const TASKS_PER_THREAD = 4;

/** How a unit has ended. */
export type UnitEnd =
  | { readonly done: Done }
  /** `made`: copies that were written before one failed; `left`: what a lost thread may have. */
  | {
    readonly reason: string;
    readonly made: readonly OutputFile[];
    readonly left: readonly string[];
  };

/** How far a unit is that was cut. */
interface Parts {
  /** Tasks that have not ended. */
  readonly leftCount: number;
  /** By the first copy of each task. */
  readonly outcomes: Map<number, Outcome>;
}

/** Tasks in the units' order. */
export class Tasks {
  /** How many there are. */
  readonly count: number;
  readonly #begin: (unit: string, outputs: readonly string[]) => string;
  readonly #drafts: Iterator<Pick<Task, "unit" | "from" | "to">>;
  readonly #copies: number;
  readonly #copiesPerTask: number;
  readonly #threadsPerTask: number;
  /** Of units with several tasks, from the first of these to the last. */
  readonly #parts = new Map<string, Parts>();
  #takenCount = 0;

  /** @param begin is told what a task is about to write, and gives the name under which it grows */
  constructor(
    units: readonly Unit[],
    copies: number,
    threads: number,
    begin: (unit: string, outputs: readonly string[]) => string,
  ) {
    this.#begin = begin;
    this.#copies = copies;
    // Of many units each is one task: that is no less than its copies.
    this.#copiesPerTask = Math.ceil(units.length * copies / (TASKS_PER_THREAD * threads));
    this.count = units.reduce((sum, unit) => sum + this.#partCount(unit), 0);
    this.#threadsPerTask = Math.max(1, Math.floor(threads / Math.max(1, this.count)));
    this.#drafts = this.#cut(units);
  }

  /** How many nobody has taken. */
  get leftCount(): number {
    return this.count - this.#takenCount;
  }

  /** The next one, whose outputs the journal then knows; undefined after the last. */
  next(): Task | undefined {
    const { value: draft } = this.#drafts.next();
    if (draft === undefined) return undefined;
    const { unit, from, to } = draft;
    const outputs = isShardFile(unit) ? unit.outputs : unit.outputs.slice(from, to);
    const partial = this.#begin(unit.name, outputs);
    const threads = this.#threadsPerTask;
    return { id: this.#takenCount, unit: plain(unit), from, to, outputs, partial, threads };
  }

  /** Takes note of how a task has ended; gives how its unit has, if that was the last, unless stopped. */
  end(task: Task, outcome: Exclude<Outcome, { shortOfFiles: string }>): UnitEnd | undefined {
    const { name } = task.unit;
    const parts = this.#parts.get(name);
    if (parts === undefined) return join([outcome]);
    const { leftCount, outcomes } = parts;
    outcomes.set(task.from, outcome);
    this.#parts.set(name, { leftCount: leftCount - 1, outcomes });
    if (leftCount > 1) return undefined;
    this.#parts.delete(name);
    const inOrder = [...outcomes].sort(([a], [b]) => a - b).map(([, each]) => each);
    return join(inOrder);
  }

  #partCount(unit: Unit): number {
    return isShardFile(unit) ? 1 : Math.ceil(this.#copies / this.#copiesPerTask);
  }

  *#cut(units: readonly Unit[]): Iterator<Pick<Task, "unit" | "from" | "to">> {
    for (const unit of units) {
      const partCount = this.#partCount(unit);
      if (partCount > 1) this.#parts.set(unit.name, { leftCount: partCount, outcomes: new Map() });
      for (let part = 0; part < partCount; part++) {
        this.#takenCount++;
        const from = part * this.#copiesPerTask;
        yield { unit, from, to: Math.min(from + this.#copiesPerTask, this.#copies) };
      }
    }
  }
}

/** What a message to a thread can hold. */
function plain({ name, path, isTar, isParquet, isAlone, metadata, files }: Unit): Task["unit"] {
  return {
    name,
    path,
    isTar,
    ...(isParquet && { isParquet }),
    ...(isAlone && { isAlone }),
    ...(metadata && { metadata }),
    ...(files && { files }),
  };
}

/** Whether it has all copies in one output. */
function isShardFile({ isTar, isParquet }: Task["unit"]): boolean {
  return isTar || isParquet === true;
}

/** What a unit's tasks give together. */
function join(outcomes: readonly Outcome[]): UnitEnd | undefined {
  const all = outcomes.flatMap((outcome) => "done" in outcome ? [outcome.done] : []);
  const [only] = all;
  if (only && outcomes.length === 1) return { done: only };
  const records: JournalRecord[] = all.map(({ line }) => JSON.parse(line));
  const outputs = records.flatMap(({ outputs }) => outputs);
  const failed = outcomes.filter((outcome) => "reason" in outcome);
  const [{ reason } = {}] = failed;
  if (reason !== undefined) {
    return { reason, made: outputs, left: failed.flatMap(({ left = [] }) => left) };
  }
  if (records.length < outcomes.length) return undefined;
  const [first] = records as [JournalRecord];
  return { done: doneOf({ ...first, outputs, rows: records.flatMap(({ rows }) => rows) }) };
}
