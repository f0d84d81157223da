/** Ctrl-C and a cluster's SIGTERM: the first asks to stop cleanly, the second ends at once. */
import process from "node:process";
import { EXIT } from "./errors.ts";

/** Lets the process end as an exit, so that half-written files go. */
export function endOnSignals(): void {
  process.once("SIGINT", () => process.exit(EXIT.interrupted));
  process.once("SIGTERM", () => process.exit(EXIT.terminated));
}

/** A wish to stop that may come at any time. */
export interface Stop {
  readonly signal: AbortSignal;
  /** What the process ends with if it was stopped. */
  readonly exitCode: number;
  /** Signals mean again what they usually mean. */
  release(): void;
}

/** Listens until it is released. `onStop` is called once. */
export function stopOnSignals(onStop: () => void): Stop {
  const controller = new AbortController();
  let exitCode: number = EXIT.interrupted;
  const handle = (code: number) => () => {
    if (controller.signal.aborted) process.exit(code);
    exitCode = code;
    controller.abort();
    onStop();
  };
  const onInterrupt = handle(EXIT.interrupted);
  const onTerminate = handle(EXIT.terminated);
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onTerminate);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    release() {
      process.off("SIGINT", onInterrupt);
      process.off("SIGTERM", onTerminate);
    },
  };
}
