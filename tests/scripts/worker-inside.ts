import { compressRoundtripAsync } from "../../mod.ts";
import "./node-worker.ts";

interface Scope {
  onmessage: (event: MessageEvent<{ input: Float32Array; repeat: number }>) => void;
  postMessage(message: unknown, transferred?: Transferable[]): void;
}
const scope = globalThis as unknown as Scope;

scope.onmessage = async ({ data }) => {
  const calls = Array.from(
    { length: data.repeat },
    () => compressRoundtripAsync(data.input, { sampleRate: 44100, bitrateKbps: 64 }),
  );
  if (data.repeat > 1) scope.postMessage("started");
  const outputs = await Promise.all(calls);
  const [output] = outputs as [Float32Array<ArrayBuffer>];
  scope.postMessage(output, [output.buffer]); // who has made it will be gone
};
