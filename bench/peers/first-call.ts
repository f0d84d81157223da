// A process's first round trip: loads the module and the library, codes a clip of one second, and
// prints what that took from before the module's import.
import process from "node:process";

const cpuBefore = process.cpuUsage();
const start = performance.now();
const { compressRoundtrip } = await import("../../mod.ts");
const clip = Float32Array.from({ length: 16000 }, (_, i) => 0.5 * Math.sin(i / 9));
compressRoundtrip(clip, { sampleRate: 16000, bitrateKbps: 64 });
const wallMs = performance.now() - start;
const { user, system } = process.cpuUsage(cpuBefore); // of all threads
console.log(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000 }));
