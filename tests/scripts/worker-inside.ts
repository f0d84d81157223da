import { compressRoundtripAsync } from "../../mod.ts";
import "./node-worker.ts";

interface Scope {
  onmessage: (event: MessageEvent<{ input: Float32Array; repeat: number }>) => void;
  postMessage(message: unknown): void;
}
const scope = globalThis as unknown as Scope;

scope.onmessage = async ({ data }) => {
  const calls = Array.from(
    { length: data.repeat },
    () => compressRoundtripAsync(data.input, { sampleRate: 44100, bitrateKbps: 64 }),
  );
  if (data.repeat > 1) scope.postMessage("started");
  const outputs = await Promise.all(calls);
  scope.postMessage(outputs[0]);
};
