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

/** What a path is, if it isn't a file. */
export const KIND_WORDS = {
  file: "it is a file",
  folder: "it is a folder",
  pipe: "it is a pipe",
  device: "it is a device",
  socket: "it is a socket",
} as const;

/** What the system's error codes mean. */
const SYSTEM_REASONS: Record<string, string> = {
  ENOENT: "there is no such file",
  EACCES: "it may not be read or written",
  EPERM: "the system doesn't permit it",
  EISDIR: KIND_WORDS.folder,
  ENOTDIR: "a part of its path is not a folder",
  ELOOP: "its links lead in a circle",
  ENAMETOOLONG: "its name is too long for the file system",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EFBIG: "it would be larger than the file system allows",
  EMFILE: "too many files are open: raise ulimit -n, or use fewer --threads",
  ENFILE: "the system has too many files open",
};

/** What the module calls its options, as the commands' flags. */
export const FLAGS: Readonly<Record<string, string>> = {
  bitrateKbps: "--bitrate",
  averageBitrateKbps: "--average-bitrate",
  vbrQuality: "--vbr-quality",
  minBitrateKbps: "--min-bitrate",
  maxBitrateKbps: "--max-bitrate",
  legalBitratesOnly: "--legal-bitrates",
  bitrateModes: "--modes",
  minVbrQuality: "--min-vbr-quality",
  maxVbrQuality: "--max-vbr-quality",
  stereoMode: "--joint-stereo",
  stereoModes: "--stereo-modes",
  bitReservoir: "--reservoir",
  bitReservoirs: "--reservoirs",
  lowpassHz: "--lowpass",
  codedSampleRate: "--coded-rate",
  gridOffset: "--grid-offset",
  codedSampleRates: "--coded-rates",
  gridOffsets: "--any-grid-offset",
  maxPasses: "--max-passes",
  preserveDelay: "--preserve-delay",
  preserveLevel: "--preserve-level",
  channelGroups: "--channel-groups",
};

/** A message of the module's in the words of the command; some are plain words, too. */
function inFlags(message: string): string {
  return message.replace(/(?<![-\w])[a-z]+[A-Z]\w*/g, (word) => FLAGS[word] ?? word)
    .replace(/(?<![-\w])(quality|qualities|p|passes)(?= (?:is|are) | \()/g, "--$1");
}

/** An error in one line. */
export function reasonOf(error: unknown): string {
  const { code } = Object(error) as { code?: unknown };
  const known = typeof code === "string" ? SYSTEM_REASONS[code] : undefined;
  if (known !== undefined) return known;
  const message = (error instanceof Error ? error.message : String(error))
    .replace(/\s*\n\s*/g, " ");
  return code === "INVALID_OPTION" ? inFlags(message) : message;
}

/** What will fail for every file ends the run. */
export function isFatal(error: unknown): boolean {
  const { code } = Object(error) as { code?: unknown };
  return ["ENOSPC", "EROFS", "EDQUOT", "LIBRARY_NOT_FOUND", "LIBRARY_INCOMPATIBLE"]
    .includes(String(code));
}

/** A text without what would steer a terminal or hide what it says: names may hold anything. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- these are what it looks for
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 256
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** Waits for work on a file; an error gets the file's name in front. */
export async function naming<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code } = Object(error) as { code?: unknown };
    if (error instanceof CliError || code === "EPIPE") throw error;
    throw new CliError(`${path === "-" ? "standard input" : path}: ${reasonOf(error)}`);
  }
}
