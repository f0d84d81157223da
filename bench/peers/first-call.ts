// A process's first round trip: loads the module and the library, codes a clip of one second, and
// prints the milliseconds from before the module's import. Nothing else is imported: what the module
// needs of the runtime counts.
const start = performance.now();
const { compressRoundtrip } = await import("../../mod.ts");
const clip = Float32Array.from({ length: 16000 }, (_, i) => 0.5 * Math.sin(i / 9));
compressRoundtrip(clip, { sampleRate: 16000, bitrateKbps: 64 });
console.log(performance.now() - start);
