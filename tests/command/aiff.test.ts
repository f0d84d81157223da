/** AIFF and AIFF-C files, against another reader of them. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseAiffHeader } from "../../cli/audio/aiff.ts";
import { decodeBytes, readBlocks } from "../../cli/audio/read.ts";
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
  /** Another number of bits than a sample has. */
  saidBits?: number;
  /** Bytes before the samples that mean nothing. */
  gap?: number;
  /** Of another chunk behind the samples. */
  end?: number;
}

function chunk(id: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.write(id, "latin1");
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

/** A number as an 80-bit float. */
function extended(value: number): Buffer {
  const bytes = Buffer.alloc(10);
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  bytes.writeUInt16BE((value < 0 ? 0x8000 : 0) + 16383 + exponent);
  bytes.writeBigUInt64BE(BigInt(Math.abs(value) * 2 ** (52 - exponent)) << 11n, 2);
  return bytes;
}

/** A file of random samples. */
function makeAiff(form: Form, seed = 1): Buffer {
  const {
    compression,
    bits,
    rate = 44100,
    channels = 2,
    frames = 501,
    said = frames,
    gap = 0,
    end,
    saidBits = bits,
  } = form;
  const random = randomNumbers(seed);
  const byteSize = Math.ceil(bits / 8);
  const samples = Buffer.alloc(channels * frames * byteSize);
  for (let at = 0; at < samples.length; at += byteSize) {
    const value = 2 * random() - 1;
    if (compression?.toLowerCase() === "fl32") samples.writeFloatBE(value, at);
    else if (compression?.toLowerCase() === "fl64") samples.writeDoubleBE(value, at);
    else for (let i = 0; i < byteSize; i++) samples[at + i] = 256 * random();
  }
  const common = Buffer.alloc(8);
  common.writeUInt16BE(channels);
  common.writeUInt32BE(said, 2);
  common.writeUInt16BE(saidBits, 6);
  const type = compression ? [Buffer.from(`${compression}\0\0`, "latin1")] : [];
  const body = Buffer.concat([
    Buffer.from(compression ? "AIFC" : "AIFF"),
    chunk("NAME", Buffer.from("odd")),
    chunk("COMM", Buffer.concat([common, extended(rate), ...type])),
    chunk("SSND", Buffer.concat([Buffer.from([0, 0, 0, gap]), Buffer.alloc(4 + gap, 9), samples])),
    ...(end ? [chunk("ANNO", Buffer.alloc(end))] : []),
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
    { compression: "FL32", bits: 32 },
    { compression: "fl64", bits: 64 },
    { compression: "FL64", bits: 64, channels: 1 },
    { compression: "alaw", bits: 8, rate: 8000 },
    { compression: "ulaw", bits: 8, rate: 8000 },
    { compression: "ULAW", bits: 8, rate: 8000 },
    { compression: "NONE", bits: 16, end: 50 },
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

test("AIFF: other names of a compression, and bits that fill no byte, make no difference", async () => {
  const twins: [Form, Form][] = [
    [{ compression: "in24", bits: 24 }, { compression: "twos", bits: 24 }],
    [{ compression: "in32", bits: 32 }, { compression: "twos", bits: 32 }],
    [{ compression: "ALAW", bits: 8 }, { compression: "alaw", bits: 8 }],
    [{ compression: "ulaw", bits: 8, saidBits: 16 }, { compression: "ulaw", bits: 8 }],
    [{ bits: 12 }, { bits: 16 }],
    [{ bits: 20 }, { bits: 24 }],
  ];
  for (const forms of twins) {
    const [one, other] = await Promise.all(forms.map(async (form) => {
      const { channels, sampleRate } = await decodeBytes(makeAiff(form));
      return { channels, sampleRate };
    }));
    assert.deepEqual(one, other, JSON.stringify(forms));
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

test("AIFF: what was written into a pipe has the length of its chunk, or the rest of the file", async () => {
  const { channels: expected } = await decodeBytes(makeAiff({ bits: 16 }));
  const channelsOf = async (form: Partial<Form>, chunkByteSize?: number) => {
    const file = makeAiff({ bits: 16, ...form });
    if (chunkByteSize !== undefined) file.writeUInt32BE(chunkByteSize, file.indexOf("SSND") + 4);
    return (await decodeBytes(file)).channels;
  };
  assert.deepEqual(await channelsOf({ said: 0, end: 40 }), expected);
  assert.deepEqual(await channelsOf({ said: 0, end: 40, gap: 20 }), expected);
  assert.deepEqual(await channelsOf({ said: 0 }, 0), expected);
  assert.deepEqual(await channelsOf({ said: 0, gap: 6 }, 8), expected);
});

test("AIFF: sample rates are rounded, and none below 0 is taken", async () => {
  const rates = [[44055.944, 44056], [44100.4, 44100], [2 ** 31 + 0.75, 2 ** 31 + 1]] as const;
  for (const [rate, expected] of rates) {
    assert.equal(parseAiffHeader(makeAiff({ bits: 16, rate }))?.sampleRate, expected);
  }
  for (const rate of [-44100, 2 ** 32]) {
    await assert.rejects(decodeBytes(makeAiff({ bits: 16, rate })), /2 channels at -?\d{5,} Hz/);
  }
});

test("AIFF: samples of more than 32 bits are refused, in memory and in blocks", () =>
  withFolder(async (folder) => {
    const file = makeAiff({ bits: 40 });
    const path = join(folder, "a.aiff");
    writeFileSync(path, file);
    const refused = /^Error: an AIFF file whose samples are stored in a way that is not read$/;
    await assert.rejects(decodeBytes(file), refused);
    await assert.rejects(readBlocks(path)[Symbol.asyncIterator]().next(), refused);
  }));

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
