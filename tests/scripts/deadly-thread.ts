/** A thread of a data set run that ends itself at a source of a deadly name. */
import process from "node:process";
import { parentPort } from "node:worker_threads";
import type { Order } from "../../cli/dataset/hands.ts";
import { runThread } from "../../cli/dataset/thread.ts";

parentPort?.on("message", (order: Order) => {
  const tasks = typeof order === "string" ? [] : order.tasks;
  if (tasks.some(({ unit }) => unit.name.includes("deadly"))) process.exit(9);
});
runThread();
