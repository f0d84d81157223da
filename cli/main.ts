#!/usr/bin/env node
/**
 * The command `mp3-augment`: `mp3-augment --help` tells the rest.
 *
 * @module
 */
import process from "node:process";
import { workerData } from "node:worker_threads";
import { setEntry } from "./entry.ts";

// Node tells at each start that its FFI is experimental: that is for programmers.
const emitWarning = process.emitWarning as (warning: string | Error, ...rest: unknown[]) => void;
process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
  if (!String(warning).startsWith("FFI ")) emitWarning.call(process, warning, ...rest);
};

// A thread of `dataset` starts here, too, and loads only what it needs.
if (Object(workerData).isDatasetThread) {
  (await import("./dataset/thread.ts")).runThread();
} else {
  setEntry(import.meta.url);
  await (await import("./program.ts")).runProgram();
}
