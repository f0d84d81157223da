/** Does what a thread of a run does at a time, and tells how that ended. */
import { Scratch } from "../audio/scratch.ts";
import { isFatal, reasonOf } from "../errors.ts";
import { augmentFile } from "./augment.ts";
import type { Failure, JournalRecord } from "./journal.ts";
import type { Task } from "./plan.ts";
import type { Settings } from "./settings.ts";

/** What was made: a record as the journal's line, so that the main thread has it to write alone. */
export interface Done {
  readonly line: string;
  readonly audioSeconds: number;
  readonly failures?: readonly Failure[];
}

/** How a task has ended. */
export type Outcome =
  | { readonly done: Done }
  /** The source is at fault, or its thread, which may have left some outputs. */
  | { readonly reason: string; readonly left?: readonly string[] }
  /** It was stopped on the way, or before it began. */
  | { readonly isStopped: true }
  /** No other task would end better. */
  | { readonly fatal: string }
  /** Too many files were open: to be done again when there are fewer. */
  | { readonly shortOfFiles: string };

/** What the tasks of a run have in common. */
export interface Common {
  readonly folder: string;
  readonly settings: Settings;
}

/** Some more than threads, so that none is idle while a tar shard is read and written. */
const MORE_AT_ONCE = 4;

/** Does a task. It never throws. */
export async function doTask(
  task: Task,
  { folder, settings }: Common,
  scratch: Scratch,
  signal: AbortSignal,
): Promise<Outcome> {
  const { unit, threads } = task;
  const job = { settings, scratch, signal, threads };
  const atOnce = threads === 1 ? 1 : threads + MORE_AT_ONCE;
  try {
    const record = unit.isTar
      ? await (await import("./tar.ts")).augmentTar(task, folder, job, atOnce)
      : unit.isParquet
      ? await (await import("./parquet.ts")).augmentParquet(task, folder, job, atOnce)
      : await augmentFile(task, folder, job);
    return { done: doneOf(record) };
  } catch (error) {
    if (signal.aborted) return { isStopped: true };
    if (isShortOfFiles(error)) return { shortOfFiles: reasonOf(error) };
    return isFatal(error) ? { fatal: reasonOf(error) } : { reason: reasonOf(error) };
  }
}

/** A record, ready to be written. */
export function doneOf(record: JournalRecord): Done {
  const { rows, failures } = record;
  const audioSeconds = rows.reduce((sum, row) => sum + row.durationSeconds, 0);
  return { line: JSON.stringify(record), audioSeconds, ...(failures && { failures }) };
}

/** Whether there were too many open files, wherever that was noticed. */
function isShortOfFiles(error: unknown): boolean {
  for (let each = error; each !== undefined; each = Object(each).cause) {
    const { code, message } = Object(each) as { code?: unknown; message?: unknown };
    if (
      code === "EMFILE" || code === "ENFILE" || /EMFILE|too many open files/i.test(String(message))
    ) {
      return true;
    }
  }
  return false;
}
