/** Holds the lock that is named, until another process takes it over; says what it is told. */
import process from "node:process";
import { takeLock } from "../../cli/dataset/lock.ts";

const { signal } = new AbortController();
await takeLock(process.argv[2] ?? "", { signal, say: (text) => console.log(text), beatMs: 20 });
console.log("locked");
setTimeout(() => {}, 20_000); // the lock keeps no process alive
