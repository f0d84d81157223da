/** Two ffmpeg processes in a pipe, one that encodes and one that decodes. */
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { serve, type Settings } from "./serve.ts";

/** Without the LAME tag ffmpeg leaves the codec's delay in. */
const DELAY_SAMPLES = 1105;

function interleave(channels: readonly Float32Array[]): Float32Array {
  const [left = new Float32Array(0), right] = channels;
  if (!right) return left;
  const interleaved = new Float32Array(2 * left.length);
  for (let i = 0; i < left.length; i++) {
    interleaved[2 * i] = left[i] ?? 0;
    interleaved[2 * i + 1] = right[i] ?? 0;
  }
  return interleaved;
}

async function roundtrip(
  channels: readonly Float32Array[],
  { sampleRate, bitrateKbps, quality }: Settings,
): Promise<Float32Array[]> {
  const quiet = ["-hide_banner", "-loglevel", "error"];
  const raw = [
    "-f",
    "f32le",
    "-ar",
    String(sampleRate),
    "-ac",
    String(channels.length),
  ];
  const lame = [
    "-b:a",
    `${bitrateKbps}k`,
    "-compression_level",
    String(quality),
  ];
  const plain = [
    "-reservoir",
    "0",
    "-joint_stereo",
    "0",
    "-write_xing",
    "0",
    "-id3v2_version",
    "0",
  ];
  const encoder = spawn(
    "ffmpeg",
    [
      ...quiet,
      ...raw,
      "-i",
      "pipe:0",
      "-c:a",
      "libmp3lame",
      ...lame,
      ...plain,
      "-f",
      "mp3",
      "pipe:1",
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const decoder = spawn(
    "ffmpeg",
    [...quiet, "-f", "mp3", "-i", "pipe:0", ...raw, "pipe:1"],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  encoder.stdout.pipe(decoder.stdin);
  const input = interleave(channels);
  encoder.stdin.end(
    new Uint8Array(input.buffer, input.byteOffset, input.byteLength),
  );
  const chunks: Buffer[] = [];
  for await (const chunk of decoder.stdout) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const decoded = new Float32Array(
    bytes.buffer,
    bytes.byteOffset,
    bytes.byteLength >> 2,
  );
  return channels.map(({ length }, channel) => {
    const output = new Float32Array(length);
    for (let i = 0; i < length; i++) {
      output[i] = decoded[(i + DELAY_SAMPLES) * channels.length + channel] ?? 0;
    }
    return output;
  });
}

await serve(roundtrip, { measuresCpu: false }); // the time is spent in other processes
