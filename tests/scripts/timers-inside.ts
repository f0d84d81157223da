/** In a worker: tells what timers one call needs. */
import { parentPort } from "node:worker_threads";
import { timersOfOneCall } from "./timers.ts";

parentPort?.postMessage(await timersOfOneCall());
