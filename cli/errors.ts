/** How the command ends; documented in docs/cli.md. */
export const EXIT = {
  ok: 0,
  /** Some files could not be processed; all others are done. */
  someFailed: 1,
  /** The command line is wrong, or the run contradicts an earlier one. */
  usage: 2,
  /** The job as a whole could not be done. */
  failed: 3,
  /** Ctrl-C, as shells count it: 128 + the signal. */
  interrupted: 130,
  terminated: 143,
  /** Nobody reads standard output any more. */
  brokenPipe: 141,
} as const;

/** An error for people: a message that says what to do, and no stack trace. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The command line is wrong. */
export function usageError(message: string): CliError {
  return new CliError(message, EXIT.usage);
}

/** An error in one line. */
export function reasonOf(error: unknown): string {
  const { code } = Object(error) as { code?: unknown };
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "it may not be read or written";
  if (code === "EISDIR") return "it is a folder";
  if (code === "ELOOP") return "its links lead in a circle";
  return (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, " ");
}

/** Waits for work on a file; an error gets the file's name in front. */
export async function naming<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`${path === "-" ? "standard input" : path}: ${reasonOf(error)}`);
  }
}
