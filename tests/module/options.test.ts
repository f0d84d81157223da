/** Options that nobody knows, and what is drawn, recorded and left alone. */
import assert from "node:assert/strict";
import {
  BITRATES_KBPS,
  codedBitrateKbps,
  type CodedRate,
  compressPcm16,
  compressPcm16Async,
  compressRoundtrip,
  compressRoundtripAsync,
  compressRoundtripBatch,
  decodeMp3,
  decodeMp3Async,
  encodeMp3,
  encodeMp3Async,
  type ErrorCode,
  loadLibrary,
  Mp3AugmentError,
  Mp3DecoderStream,
  Mp3EncoderStream,
  Mp3RoundtripStream,
  probeMp3,
  SAMPLE_RATES,
  writesTag,
} from "../../mod.ts";
import {
  anyOutputFrameCount,
  compressAnyAudio,
  compressAnyAudioAsync,
  compressAnyBlocks,
  Mp3Compression,
} from "../../transform.ts";
import { projectPath, runScript, test } from "../harness.ts";
import { realAudio } from "../signals.ts";

const coding = { sampleRate: 44100, bitrateKbps: 64 };
const clip = () => realAudio().slice(0, 5000);
// deno-lint-ignore no-explicit-any -- what JavaScript may pass
type Any = any;

async function assertRefused(
  call: () => unknown,
  message: RegExp,
  code: ErrorCode = "INVALID_OPTION",
): Promise<void> {
  await assert.rejects(async () => await call(), (error) => {
    assert.ok(error instanceof Mp3AugmentError, String(error));
    assert.match(error.message, message);
    assert.equal(error.code, code);
    return true;
  });
}

/** The options that there are, by what takes them. */
const CODING =
  "sampleRate bitrateKbps averageBitrateKbps vbrQuality quality stereoMode bitReservoir " +
  "lowpassHz codedSampleRate gridOffset passes";
const ANY = `${CODING} preserveDelay preserveLevel`;
const ROUNDTRIP = `${ANY} channels out threads shouldApply codedBitrateKbps`;
const BLOCKS = "channelGroups channelCount frameCount peaks codedBitrateKbps";
const DRAWING =
  "preset minBitrateKbps maxBitrateKbps legalBitratesOnly bitrateModes minVbrQuality " +
  "maxVbrQuality stereoModes bitReservoirs quality qualities lowpassHz codedSampleRates gridOffsets " +
  "maxPasses preserveDelay preserveLevel channelGroups p seed";

test("an unknown option is refused, with the nearest name and all there are, wherever options are taken", async () => {
  const wrong = { qualty: 3 } as Any;
  const coded = { ...coding, ...wrong };
  const mp3 = encodeMp3(clip(), coding);
  const streaming = { ...coded, channelCount: 1, frameCount: 9, peaks: [1] };
  const takers: [string, () => unknown, string][] = [
    ["compressRoundtrip", () => compressRoundtrip(clip(), coded), ROUNDTRIP],
    ["compressRoundtripAsync", () => compressRoundtripAsync(clip(), coded), `${ROUNDTRIP} signal`],
    [
      "a batch's job",
      () => compressRoundtripBatch([{ ...coded, samples: clip() }]),
      `samples ${ROUNDTRIP}`,
    ],
    [
      "compressRoundtripBatch",
      () => compressRoundtripBatch([], wrong),
      "threads onProgress signal",
    ],
    [
      "compressPcm16",
      () => compressPcm16(new Int16Array(9), coded),
      `${ANY} channels out codedBitrateKbps threads`,
    ],
    [
      "compressPcm16Async",
      () => compressPcm16Async(new Int16Array(9), coded),
      `${ANY} channels out codedBitrateKbps signal`,
    ],
    ["encodeMp3", () => encodeMp3(clip(), coded), `${CODING} channels tag`],
    ["encodeMp3Async", () => encodeMp3Async(clip(), coded), `${CODING} channels tag signal`],
    ["Mp3EncoderStream", () => new Mp3EncoderStream(coded), `${CODING} channels tag`],
    ["Mp3RoundtripStream", () => new Mp3RoundtripStream(coded), `${ANY} channels peak`],
    ["decodeMp3", () => decodeMp3(mp3, wrong), "gapless format"],
    ["decodeMp3Async", () => decodeMp3Async(mp3, wrong), "gapless format signal"],
    ["probeMp3", () => probeMp3(mp3, wrong), "gapless"],
    ["Mp3DecoderStream", () => new Mp3DecoderStream(wrong), "gapless"],
    ["loadLibrary", () => loadLibrary(wrong), "path embedded"],
    [
      "compressAnyAudio",
      () => compressAnyAudio(clip(), coded),
      `${ANY} channelGroups inPlace shouldApply codedBitrateKbps threads`,
    ],
    [
      "compressAnyAudioAsync",
      () => compressAnyAudioAsync(clip(), coded),
      `${ANY} channelGroups inPlace shouldApply codedBitrateKbps signal`,
    ],
    [
      "compressAnyBlocks",
      () => compressAnyBlocks([] as Any, streaming)[Symbol.asyncIterator]().next(),
      `${ANY} ${BLOCKS}`,
    ],
    ["anyOutputFrameCount", () => anyOutputFrameCount(streaming), `${ANY} ${BLOCKS}`],
    ["Mp3Compression", () => new Mp3Compression(wrong), DRAWING],
    ["apply", () => new Mp3Compression({ p: 0 }).apply(clip(), 44100, wrong), "inPlace"],
    [
      "applyAsync",
      () => new Mp3Compression({ p: 0 }).applyAsync(clip(), 44100, wrong),
      "inPlace signal",
    ],
    [
      "applyBatch",
      () => new Mp3Compression({ p: 0 }).applyBatch([], wrong),
      "inPlace threads onProgress signal",
    ],
    [
      "a clip of applyBatch",
      () => new Mp3Compression().applyBatch([{ samples: clip(), sampleRate: 44100, ...wrong }]),
      "samples sampleRate parameters",
    ],
  ];
  for (const [name, call, names] of takers) {
    const error = await Promise.resolve().then(call).then(() => undefined, (error) => error);
    assert.ok(error instanceof Mp3AugmentError, `${name}: ${error}`);
    const [, told] = /qualty is no option here; did you mean \w+\? There are (.+)$/
      .exec(error.message) ?? [];
    assert.deepEqual(told?.split(", ").sort(), names.split(" ").sort(), name);
  }
});

test("loadLibrary takes paths, and both of an executable's files", async () => {
  const wrong: [object, RegExp][] = [
    [{ path: 5 }, /^path is 5; it must be a path/],
    [{ path: "" }, /^path is "";/],
    [{ embedded: { lame: "x" } }, /^embedded.shim is undefined/],
    [{ embedded: { lame: "x", shim: "y", shimm: 1 } }, /^shimm is no option .* shim\?/],
    [{ embedded: "x" }, /^options is "x"/],
  ];
  for (const [options, message] of wrong) {
    await assertRefused(() => loadLibrary(options as Any), message);
  }
});

test("the nearest name is the one that was meant", async () => {
  const meant: [string, string][] = [
    ["minBitrate", "minBitrateKbps"],
    ["min_bitrate", "minBitrateKbps"],
    ["max_bitrate_kbps", "maxBitrateKbps"],
    ["bitrateMode", "bitrateModes"],
    ["preserve_delay", "preserveDelay"],
    ["Seed", "seed"],
    ["qualty", "quality"],
    ["stereo_mode", "stereoModes"],
  ];
  for (const [given, name] of meant) {
    const call = () => new Mp3Compression({ [given]: 1 } as Any);
    await assertRefused(call, new RegExp(`^${given} is no option here; did you mean ${name}\\?`));
  }
  await assertRefused(
    () => compressRoundtrip(clip(), { sampleRate: 44100, bitrate: 64 } as Any),
    /^bitrate is .* bitrateKbps\?/,
  );
  const signal = new AbortController().signal;
  await assertRefused(() => compressRoundtrip(clip(), { ...coding, signal } as Any), /^signal is/);
  await assertRefused(() => compressRoundtrip(clip(), [] as Any), /^options is an array/);
});

test("the transform's constructor checks what apply would", async () => {
  const wrong: [object, ErrorCode, RegExp][] = [
    [{ quality: 99 }, "UNSUPPORTED_QUALITY", /quality is 99/],
    [{ channelGroups: "triples" }, "INVALID_OPTION", /channelGroups is "triples"/],
    [{ preserveDelay: 1 }, "INVALID_OPTION", /preserveDelay is 1/],
    [{ preserveLevel: "no" }, "INVALID_OPTION", /preserveLevel is "no"/],
    [{ legalBitratesOnly: 0 }, "INVALID_OPTION", /legalBitratesOnly is 0/],
    [{ minVbrQuality: "1" }, "INVALID_OPTION", /minVbrQuality/],
    [{ minBitrateKbps: "32" }, "INVALID_OPTION", /minBitrateKbps/],
    [{ maxBitrateKbps: NaN, bitrateModes: ["vbr"] }, "INVALID_OPTION", /maxBitrateKbps/],
  ];
  for (const [options, code, message] of wrong) {
    await assertRefused(() => new Mp3Compression(options as Any), message, code);
  }
  const transform = new Mp3Compression({ p: 0 });
  const call = () => transform.apply(clip(), "44100" as Any);
  await assertRefused(call, /sampleRate is "44100"/, "UNSUPPORTED_SAMPLE_RATE");
});

test("an empty clip passes through the transform unchanged", async () => {
  const transform = new Mp3Compression({ p: 1, preserveDelay: true });
  const empty = new Float32Array(0);
  const stereo = [empty, new Float32Array(0)];
  assert.equal(transform.apply(empty, 44100), empty);
  assert.equal(transform.apply(stereo, 44056), stereo);
  assert.equal(await transform.applyAsync(empty, 44056), empty);
  const [first, second] = await transform.applyBatch([
    { samples: stereo, sampleRate: 8000 },
    { samples: new Float32Array(9), sampleRate: 8000 },
  ]);
  assert.equal(first, stereo);
  assert.notEqual(second?.length, 0);
  const detached = new Float32Array(9);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  await assertRefused(() => transform.apply(detached, 44100), /detached/, "INVALID_AUDIO");
});

test("shouldApply: false leaves the clip alone in every form of a call", async () => {
  const samples = clip();
  const options = { ...coding, preserveDelay: true, shouldApply: false };
  assert.equal(compressRoundtrip(samples, options), samples);
  assert.equal(await compressRoundtripAsync(samples, options), samples);
  assert.equal(compressAnyAudio(samples, { ...options, sampleRate: 44056 }), samples);
  const out = new Float32Array(samples.length);
  const results = await compressRoundtripBatch([
    { ...options, samples },
    { ...options, samples, out },
    { ...options, samples, shouldApply: true },
  ]);
  assert.equal(results[0], samples);
  assert.equal(results[1], out);
  assert.deepEqual(out, samples);
  assert.deepEqual(results[2], compressRoundtrip(samples, { ...coding, preserveDelay: true }));
  const wrong = () => compressRoundtrip(samples, { ...coding, shouldApply: 0 as Any });
  await assertRefused(wrong, /shouldApply is 0/);
});

test("what was drawn may be passed on as it is", async () => {
  const samples = clip();
  const transform = new Mp3Compression({ seed: 4, bitrateModes: ["cbr", "abr", "vbr"] });
  const jobs = Array.from({ length: 30 }, () => ({
    samples,
    sampleRate: 44100,
    ...transform.randomizeParameters(44100),
  }));
  const results = await compressRoundtripBatch(jobs);
  const again = new Mp3Compression({ seed: 4, bitrateModes: ["cbr", "abr", "vbr"] });
  jobs.forEach(({ shouldApply }, index) => {
    assert.deepEqual(results[index], again.apply(samples, 44100));
    assert.equal(results[index] === samples, !shouldApply);
  });
});

for (const threads of [undefined, 1, 3]) {
  test(`applyBatch is apply on all cores, threads: ${threads}`, async () => {
    const clips = Array.from({ length: 24 }, (_, index) => ({
      samples: index % 3 === 0
        ? clip()
        : Array.from({ length: 1 + index % 4 }, (_, channel) =>
          clip().map((x) => x / (1 + channel))),
      sampleRate: [44100, 44056, 16000][index % 3] as number,
    }));
    const options = { seed: 9, p: 0.7, bitrateModes: ["cbr", "vbr"] as const };
    const one = new Mp3Compression(options);
    const expected = clips.map(({ samples, sampleRate }) => one.apply(samples, sampleRate));
    const progress: number[] = [];
    const results = await new Mp3Compression(options).applyBatch(clips, {
      ...(threads !== undefined && { threads }),
      onProgress: (done) => progress.push(done),
    });
    assert.deepEqual(results, expected);
    assert.equal(progress.at(-1), clips.length);
    const transform = new Mp3Compression(options);
    const drawn = clips.map((clip) => ({
      ...clip,
      parameters: transform.randomizeParameters(clip.sampleRate),
    }));
    assert.deepEqual(await new Mp3Compression().applyBatch(drawn), expected);
  });
}

test("applyBatch names the clip that is wrong, and aborts", async () => {
  const good = { samples: clip(), sampleRate: 44100 };
  const transform = new Mp3Compression({ p: 1 });
  const wrong: [unknown, RegExp][] = [
    [null, /^clips\[1\]: null is not a clip/],
    [{ samples: clip(), sampleRate: 1 }, /^clips\[1\]: sampleRate is 1/],
    [{ samples: [1, 2, 3], sampleRate: 44100 }, /^clips\[1\]: samples is an array of numbers/],
    [{ samples: Float32Array.of(NaN), sampleRate: 44100 }, /^clips\[1\]: the audio holds NaN/],
  ];
  for (const [clip, message] of wrong) {
    const call = transform.applyBatch([good, clip as Any]);
    await assert.rejects(call, (error: Error) => message.test(error.message));
  }
  const controller = new AbortController();
  const running = transform.applyBatch(Array.from({ length: 50 }, () => good), {
    signal: controller.signal,
    onProgress: () => controller.abort("enough"),
  });
  await assert.rejects(running, (reason) => reason === "enough");
});

/** What LAME writes into its tag: the bitrate, of ABR the one that it aims at; 255 is "or more". */
function taggedKbps(mp3: Uint8Array): number | undefined {
  if (probeMp3(mp3).tag === undefined) return undefined;
  const at = String.fromCharCode(...mp3.subarray(0, 1000)).indexOf("LAME3.100");
  return at < 0 ? undefined : mp3[at + 20];
}

test("codedBitrateKbps is what LAME says of its own files", () => {
  let compared = 0;
  for (const sampleRate of SAMPLE_RATES) {
    const rates: CodedRate[] = [8, 48, 64, 144, 320].flatMap((kbps) => [
      { sampleRate, bitrateKbps: kbps },
      { sampleRate, averageBitrateKbps: kbps },
      { sampleRate, averageBitrateKbps: Math.min(kbps + 3, 320) },
    ]);
    for (const rate of rates) {
      const tagged = taggedKbps(encodeMp3(new Float32Array(3000), rate));
      if (tagged === undefined) continue;
      assert.equal(Math.min(codedBitrateKbps(rate) ?? 0, 255), tagged, JSON.stringify(rate));
      compared++;
    }
  }
  assert.ok(compared > 80, `${compared}`);
  assert.equal(codedBitrateKbps({ sampleRate: 44100, bitrateKbps: 8 }), 32);
  assert.equal(codedBitrateKbps({ sampleRate: 44100, vbrQuality: 4 }), undefined);
  const drawn = new Mp3Compression({ minBitrateKbps: 8, maxBitrateKbps: 8 });
  assert.equal(drawn.randomizeParameters(96000).codedBitrateKbps, 32);
  const vbr = new Mp3Compression({ bitrateModes: ["vbr"] }).randomizeParameters(44100);
  assert.ok(!("codedBitrateKbps" in vbr));
});

test("writesTag tells beforehand what probeMp3 finds", () => {
  let without = 0;
  const silence = new Float32Array(2000);
  for (const sampleRate of SAMPLE_RATES) {
    for (const channels of [1, 2] as const) {
      const rates = [
        ...BITRATES_KBPS.map((bitrateKbps) => ({ bitrateKbps })),
        { averageBitrateKbps: 8 },
        { averageBitrateKbps: 320 },
        { vbrQuality: 0 },
        { vbrQuality: 9.9 },
      ];
      for (const rate of rates) {
        const options = { sampleRate, channels, ...rate };
        const { tag, encoderDelay } = probeMp3(encodeMp3(silence, options));
        assert.equal(writesTag(options), tag !== undefined, JSON.stringify(options));
        assert.equal(tag === undefined, encoderDelay === undefined);
        without += tag === undefined ? 1 : 0;
      }
    }
  }
  assert.ok(without > 50, `${without}`);
  assert.equal(writesTag({ sampleRate: 44100, bitrateKbps: 48 }), false);
  assert.equal(writesTag({ sampleRate: 44100, bitrateKbps: 64 }), true);
  assert.equal(writesTag({ sampleRate: 44100, bitrateKbps: 64, tag: false }), false);
});

test("the loudest clips stay finite, louder ones are refused", async () => {
  const noise = realAudio().slice(0, 20000);
  const loudest = noise.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
  for (const preserveLevel of [false, true]) {
    for (const bitrateKbps of [8, 64, 320]) {
      const options = { sampleRate: 8000, bitrateKbps, preserveLevel };
      const limit = noise.map((sample) => sample / loudest * 0.9999 * 1e33);
      const square = limit.map((sample) => Math.sign(sample) * 9.999e32);
      for (const clip of [limit, square]) {
        assert.ok(compressRoundtrip(clip, options).every(Number.isFinite), `${bitrateKbps}`);
      }
      const beyond = () => compressRoundtrip(square.map((sample) => sample * 3e5), options);
      await assertRefused(beyond, /samples reach .*, and at most 1e\+33/, "INVALID_AUDIO");
      const call = () => compressRoundtripAsync(Float32Array.of(3.4e38, -3.4e38), options);
      await assertRefused(call, /too loud/, "INVALID_AUDIO");
    }
  }
});

test("many calls on one signal make no runtime warn", async () => {
  const outcome = await runScript(projectPath("tests/scripts/listeners.ts"), ["-A"]);
  assert.deepEqual(outcome, { code: 0, stdout: "done\n", stderr: "" });
});

test("an array of numbers is told what it is", async () => {
  const numbers = Array.from({ length: 4800 }, () => 0.1) as Any;
  const message = /^samples is an array of numbers, not a Float32Array/;
  await assertRefused(() => compressRoundtrip(numbers, coding), message, "INVALID_AUDIO");
  await assertRefused(() => compressAnyAudio([0.1] as Any, coding), message, "INVALID_AUDIO");
});
