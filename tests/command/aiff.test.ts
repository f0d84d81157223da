/** AIFF and AIFF-C files, against another reader of them. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseAiffHeader } from "../../cli/audio/aiff.ts";
import { decodeBytes } from "../../cli/audio/read.ts";
import { openSource } from "../../cli/audio/source.ts";
import { runCli, withFolder } from "./cli.ts";
import { projectPath, test } from "../harness.ts";
import { randomNumbers, sameBits } from "../signals.ts";

interface Form {
  compression?: string;
  bits: number;
  rate?: number;
  channels?: number;
  frames?: number;
  /** Another number of frames than there are. */
  said?: number;
  /** Bytes before the samples that mean nothing. */
  gap?: number;
}

function chunk(id: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.write(id, "latin1");
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

/** An 80-bit float of an integer below 2^32. */
function extended(value: number): Buffer {
  const bytes = Buffer.alloc(10);
  const exponent = Math.floor(Math.log2(value));
  bytes.writeUInt16BE(16383 + exponent);
  bytes.writeBigUInt64BE(BigInt(value) << BigInt(63 - exponent), 2);
  return bytes;
}

/** A file of random samples. */
function makeAiff(form: Form, seed = 1): Buffer {
  const { compression, bits, rate = 44100, channels = 2, frames = 501, said = frames, gap = 0 } =
    form;
  const random = randomNumbers(seed);
  const byteSize = bits / 8;
  const samples = Buffer.alloc(channels * frames * byteSize);
  for (let at = 0; at < samples.length; at += byteSize) {
    const value = 2 * random() - 1;
    if (compression === "fl32") samples.writeFloatBE(value, at);
    else if (compression === "fl64") samples.writeDoubleBE(value, at);
    else for (let i = 0; i < byteSize; i++) samples[at + i] = 256 * random();
  }
  const common = Buffer.alloc(8);
  common.writeUInt16BE(channels);
  common.writeUInt32BE(said, 2);
  common.writeUInt16BE(bits, 6);
  const type = compression ? [Buffer.from(`${compression}\0\0`, "latin1")] : [];
  const body = Buffer.concat([
    Buffer.from(compression ? "AIFC" : "AIFF"),
    chunk("NAME", Buffer.from("odd")),
    chunk("COMM", Buffer.concat([common, extended(rate), ...type])),
    chunk("SSND", Buffer.concat([Buffer.from([0, 0, 0, gap]), Buffer.alloc(4 + gap, 9), samples])),
  ]);
  return chunk("FORM", body);
}

/** What reads them for others: `@audio/decode-aiff`, which audio-decode brings. */
async function otherDecoder(): Promise<(bytes: Uint8Array) => { channelData: Float32Array[] }> {
  const from = createRequire(projectPath("node_modules/audio-decode/package.json"));
  return (await import(pathToFileURL(from.resolve("@audio/decode-aiff")).href)).default;
}

test("AIFF and AIFF-C give the samples that another reader finds", async () => {
  const decode = await otherDecoder();
  const forms: Form[] = [
    { bits: 16 },
    { bits: 24, channels: 1 },
    { bits: 32, rate: 96000 },
    { compression: "sowt", bits: 16 },
    { compression: "twos", bits: 24 },
    { compression: "fl32", bits: 32, channels: 3 },
    { compression: "fl64", bits: 64 },
    { compression: "alaw", bits: 8, rate: 8000 },
    { compression: "ulaw", bits: 8, rate: 8000 },
  ];
  for (const form of forms) {
    const file = makeAiff(form);
    const { channels, sampleRate, container } = await decodeBytes(file);
    const expected = decode(file).channelData;
    assert.deepEqual([container, sampleRate], ["aiff", form.rate ?? 44100]);
    assert.equal(channels.length, expected.length);
    channels.forEach((channel, i) =>
      assert.ok(sameBits(channel, expected[i] as Float32Array), JSON.stringify(form))
    );
  }
});

test("AIFF: 8 bits have a sign, lengths are checked, other compressions are named", async () => {
  const file = makeAiff({ bits: 8, channels: 1, frames: 4 });
  file.set([0x80, 0xff, 0, 0x7f], file.length - 4);
  const { channels: [samples] } = await decodeBytes(file);
  assert.deepEqual([...samples as Float32Array], [-1, -1 / 128, 0, 127 / 128]);
  await assert.rejects(decodeBytes(makeAiff({ bits: 16, said: 502 })), /ends after .* bytes/);
  await assert.rejects(decodeBytes(makeAiff({ bits: 16, said: 2 ** 31 })), /ends after/);
  const [behind, plain] = [{ bits: 16, gap: 6 }, { bits: 16 }].map((form) => makeAiff(form));
  assert.deepEqual((await decodeBytes(behind!)).channels, (await decodeBytes(plain!)).channels);
  const gsm = makeAiff({ bits: 16, compression: "GSM " });
  await assert.rejects(decodeBytes(gsm), /the compression "GSM " is not read/);
  const nothing = makeAiff({ bits: 16, channels: 0, frames: 0 });
  await assert.rejects(decodeBytes(nothing), /says 0 channels at 44100 Hz/);
  assert.equal(parseAiffHeader(makeAiff({ bits: 16 }).subarray(0, 30)), undefined);
});

test("AIFF: long files are read block by block, and the command takes them", () =>
  withFolder(async (folder) => {
    const long = makeAiff({ bits: 16, frames: 1_100_000 });
    const [clips, out] = [join(folder, "in"), join(folder, "out")];
    mkdirSync(clips);
    const path = join(clips, "long.aif");
    writeFileSync(path, long);
    const source = await openSource(path);
    assert.equal(source.clip, undefined);
    const { channels } = await decodeBytes(long);
    let at = 0;
    for await (const block of source.blocks()) {
      block.forEach((samples, i) =>
        assert.ok(sameBits(samples, channels[i]?.subarray(at, at + samples.length) as Float32Array))
      );
      at += block[0]?.length ?? 0;
    }
    assert.equal(at, 1_100_000);
    writeFileSync(join(clips, "short.aiff"), makeAiff({ compression: "sowt", bits: 16 }));
    const { code, stderr } = await runCli(["dataset", clips, out]);
    assert.equal(code, 0, stderr);
    const { stdout } = await runCli(["info", "--json", join(out, "short.wav")]);
    assert.equal(JSON.parse(stdout.toString()).frames, 501);
  }));
