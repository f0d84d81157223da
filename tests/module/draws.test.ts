/** What Mp3Compression draws: by seed, by name, realistically, and after a restart. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { BITRATES_KBPS, compressRoundtrip, Mp3AugmentError, SAMPLE_RATES } from "../../mod.ts";
import {
  Mp3Compression,
  type Mp3CompressionOptions,
  type Mp3CompressionParameters,
} from "../../transform.ts";
import { ORIGINS, PASSES_PERCENT } from "../../src/realistic.ts";
import { projectPath, test } from "../harness.ts";
import { makeSignal, sameBits } from "../signals.ts";

interface Fixture {
  drawn: { options: Mp3CompressionOptions; sampleRate: number; draws: object[] }[];
  named: {
    seed: number;
    options: Mp3CompressionOptions;
    draws: { key: string; copy: number; sampleRate: number; drawn: object }[];
  };
}

/** What an earlier release drew, before there was more to draw. */
const fixture: Fixture = JSON.parse(
  readFileSync(projectPath("tests/fixtures/draws.json"), "utf8"),
);

const isMistake = (message: RegExp) => (error: unknown) =>
  error instanceof Mp3AugmentError && message.test(error.message);

/** As a manifest records it, but for what was not recorded then. */
function recorded(parameters: Mp3CompressionParameters): object {
  const { codedBitrateKbps: _, codedSampleRate: __, ...others } = parameters;
  return JSON.parse(JSON.stringify(others));
}

test("a seed draws what it drew in the first release", () => {
  for (const { options, sampleRate, draws } of fixture.drawn) {
    const transform = new Mp3Compression(options);
    assert.deepEqual(draws.map(() => recorded(transform.randomizeParameters(sampleRate))), draws);
  }
});

test("a name draws what the data set command drew for it", () => {
  const { seed, options, draws } = fixture.named;
  const transform = new Mp3Compression({ ...options, seed });
  for (const { key, copy, sampleRate, drawn } of draws) {
    const { shouldApply, ...coding } = recorded(
      transform.parametersFor(key, copy, sampleRate),
    ) as { shouldApply: boolean };
    assert.deepEqual(shouldApply ? coding : { shouldApply }, drawn, `${key} ${copy}`);
  }
  const untouched = new Mp3Compression({ ...options, seed });
  assert.deepEqual(transform.randomizeParameters(16000), untouched.randomizeParameters(16000));
});

const EVERYTHING: Mp3CompressionOptions = {
  bitrateModes: ["cbr", "abr", "vbr"],
  maxBitrateKbps: 320,
  stereoModes: ["stereo", "joint"],
  bitReservoirs: [false, true],
  qualities: [3, 5, 7],
  lowpassHz: ["auto", "off", 7000, 30, 24000],
  codedSampleRates: ["same", "auto", 22050],
  gridOffsets: true,
  maxPasses: 3,
  p: 1,
  seed: 11,
};

test("what came later is drawn too, without shifting the rest", () => {
  const many = new Mp3Compression(EVERYTHING);
  const { qualities: _, lowpassHz: __, codedSampleRates: ___, ...others } = EVERYTHING;
  const few = new Mp3Compression({ ...others, gridOffsets: false, maxPasses: 1 });
  const draws = Array.from({ length: 300 }, () => {
    const drawn = many.randomizeParameters(44100);
    const { bitrateKbps, averageBitrateKbps, vbrQuality, stereoMode } = few.randomizeParameters(
      44100,
    );
    assert.deepEqual(
      [drawn.bitrateKbps, drawn.averageBitrateKbps, drawn.vbrQuality, drawn.stereoMode],
      [bitrateKbps, averageBitrateKbps, vbrQuality, stereoMode],
    );
    return drawn;
  });
  const kinds = (name: keyof Mp3CompressionParameters) =>
    [...new Set(draws.map((drawn) => drawn[name]))].map(String).sort();
  assert.deepEqual(kinds("quality"), ["3", "5", "7"]);
  assert.deepEqual(kinds("passes"), ["2", "3", "undefined"]);
  assert.deepEqual(kinds("lowpassHz"), ["30", "7000", "off", "undefined"]);
  assert.ok(kinds("codedSampleRate").includes("22050"));
  assert.ok(kinds("codedSampleRate").includes("44100"));
  const offsets = draws.map(({ gridOffset = 0 }) => gridOffset);
  assert.ok(Math.max(...offsets) > 2000 && Math.min(...offsets) < 40, `${offsets}`);
  const mean = offsets.reduce((sum, offset) => sum + offset, 0) / offsets.length;
  assert.ok(mean > 400 && mean < 1100, `${mean}`);
});

test("a range of lowpass frequencies", () => {
  const transform = new Mp3Compression({ lowpassHz: { min: 3000, max: 3002 }, seed: 1 });
  const drawn = Array.from({ length: 60 }, () => transform.randomizeParameters(44100).lowpassHz);
  assert.deepEqual([...new Set(drawn)].sort(), [3000, 3001, 3002]);
});

test("above half the coded rate a lowpass has nothing to leave out", () => {
  for (const [lowpassHz, expected] of [[11025, 11025], [11026, "off"]] as const) {
    const settings = { codedSampleRates: [22050], lowpassHz: [lowpassHz], seed: 1 };
    const drawn = new Mp3Compression(settings).randomizeParameters(44100);
    assert.deepEqual([drawn.codedSampleRate, drawn.lowpassHz], [22050, expected]);
  }
});

test("what is drawn is what is applied, whatever is drawn", () => {
  const clip = [makeSignal(9000, 44100), makeSignal(9000, 44100, 2)];
  const transform = new Mp3Compression(EVERYTHING);
  for (let i = 0; i < 12; i++) {
    const output = transform.apply(clip, 44100);
    const { parameters } = transform;
    assert.ok(parameters);
    const expected = compressRoundtrip(clip, { ...parameters, sampleRate: 44100 });
    assert.ok(expected.every((channel, c) => sameBits(channel, output[c] as Float32Array)));
  }
});

test("the realistic preset draws its distribution", () => {
  const transform = new Mp3Compression({ preset: "realistic", p: 1, seed: 3 });
  const count = 20000;
  const draws = Array.from({ length: count }, () => transform.randomizeParameters(44100));
  const shareOf = (holds: (drawn: Mp3CompressionParameters) => boolean) =>
    100 * draws.filter(holds).length / count;
  const isNear = (share: number, expected: number) => Math.abs(share - expected) < 1.2;
  PASSES_PERCENT.forEach((share, index) => {
    assert.ok(isNear(shareOf(({ passes = 1 }) => passes === index + 1), share));
  });
  const rates = new Map<string, number>();
  for (const { rates: ofOrigin, quality } of ORIGINS) {
    for (const [share, rate] of ofOrigin) {
      const key = JSON.stringify({ ...rate, quality });
      rates.set(key, (rates.get(key) ?? 0) + share);
    }
  }
  for (const [key, share] of rates) {
    const wanted = Object.entries(JSON.parse(key));
    const found = shareOf((drawn) =>
      wanted.every(([name, value]) => drawn[name as "quality"] === value)
    );
    assert.ok(isNear(found, share), `${key}: ${found} of ${share} %`);
  }
  assert.ok(draws.every((drawn) => drawn.stereoMode === "joint" && drawn.bitReservoir));
  assert.equal([...rates.values()].reduce((sum, share) => sum + share, 0), 100);
});

test("a transform that was stored goes on where it was", () => {
  for (
    const options of [{ seed: 5 }, EVERYTHING, { preset: "realistic", seed: 8, p: 0.9 }, {
      maxBitrateKbps: Infinity,
    }] as const
  ) {
    const transform = new Mp3Compression(options);
    transform.randomizeParameters(16000);
    const text = JSON.stringify(transform);
    const restored = Mp3Compression.fromJSON(JSON.parse(text));
    assert.equal(restored.seed, transform.seed);
    assert.deepEqual(restored.parameters, transform.parameters);
    assert.equal(JSON.stringify(restored), text);
    for (let i = 0; i < 20; i++) {
      assert.deepEqual(restored.randomizeParameters(48000), transform.randomizeParameters(48000));
    }
    transform.freezeParameters();
    const frozen = Mp3Compression.fromJSON(JSON.parse(JSON.stringify(transform)));
    assert.deepEqual(frozen.randomizeParameters(8000), transform.parameters);
  }
});

const GOOD = JSON.parse(JSON.stringify(new Mp3Compression({ seed: 1 })));

for (
  const [what, json, message] of [
    ["not an object", "[]", /must be an object/],
    ["of another kind", { ...GOOD, type: "Gain" }, /type is "Gain"/],
    ["without options", { ...GOOD, options: undefined }, /options is undefined/],
    ["with an option that isn't known", { ...GOOD, options: { sed: 1 } }, /did you mean/],
    ["with a seed that is none", { ...GOOD, seed: "1" }, /seed is "1"/],
    ["without a state", { ...GOOD, state: undefined }, /state/],
    ["with a state that is too short", { ...GOOD, state: [[0], [0]] }, /state/],
    [
      "with a state of other things",
      { ...GOOD, state: [GOOD.state[0], Array(625).fill("x")] },
      /state/,
    ],
    ["with parameters that aren't known", { ...GOOD, parameters: { kbps: 3 } }, /did you mean/],
    ["without saying whether it is frozen", { ...GOOD, isFrozen: 1 }, /isFrozen is 1/],
  ] as const
) {
  test(`what was stored is refused ${what}`, () => {
    assert.throws(() => Mp3Compression.fromJSON(json), isMistake(message));
  });
}

const CUTS = 'a list of "auto", "off" and integers from 1 to 24000, or { min, max } within these';

for (
  const [options, message] of [
    [{ preset: "podcast" }, 'preset is "podcast" → "realistic"'],
    [
      { preset: "realistic", maxPasses: 2 },
      'preset is "realistic" → left out where maxPasses is given',
    ],
    [{ quality: 3, qualities: [3] }, "quality is 3 → left out where qualities are given"],
    [{ qualities: [] }, "qualities is empty → a list of integers from 0 to 9"],
    [{ qualities: 3 }, "qualities is 3 → a list of integers from 0 to 9"],
    [{ qualities: [10] }, "quality is 10 → one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"],
    [{ lowpassHz: [] }, `lowpassHz is empty → ${CUTS}`],
    [{ lowpassHz: [0] }, `lowpassHz is 0 → ${CUTS}`],
    [{ lowpassHz: [24001] }, `lowpassHz is 24001 → ${CUTS}`],
    [{ lowpassHz: [1.5] }, `lowpassHz is 1.5 → ${CUTS}`],
    [{ lowpassHz: { min: 5000, max: 4000 } }, `lowpassHz is 5000, 4000 → ${CUTS}`],
    [{ lowpassHz: { min: 0, max: 4000 } }, `lowpassHz is 0, 4000 → ${CUTS}`],
    [{ lowpassHz: { min: 1, max: 24001 } }, `lowpassHz is 1, 24001 → ${CUTS}`],
    [{ lowpassHz: null }, `lowpassHz is null → ${CUTS}`],
    [
      { codedSampleRates: [44056] },
      `codedSampleRates is 44056 → a list of same, auto, ${SAMPLE_RATES.join(", ")}`,
    ],
    [
      { codedSampleRates: [] },
      `codedSampleRates is empty → a list of same, auto, ${SAMPLE_RATES.join(", ")}`,
    ],
    [{ stereoModes: ["mono"] }, 'stereoModes is "mono" → a list of stereo, joint'],
    [{ bitReservoirs: [1] }, "bitReservoirs is 1 → a list of false, true"],
    [{ bitrateModes: [] }, "bitrateModes is empty → a list of cbr, abr, vbr"],
    [{ gridOffsets: 1 }, "gridOffsets is 1 → true or false"],
    [{ legalBitratesOnly: null }, "legalBitratesOnly is null → true or false"],
    [{ maxPasses: 11 }, "maxPasses is 11 → an integer from 1 to 10"],
    [{ maxPasses: 0 }, "maxPasses is 0 → an integer from 1 to 10"],
    [{ maxPasses: 1.5 }, "maxPasses is 1.5 → an integer from 1 to 10"],
    [{ p: 1.01 }, "p is 1.01 → a number from 0 to 1"],
    [{ p: -0.01 }, "p is -0.01 → a number from 0 to 1"],
    [{ p: "1" }, 'p is "1" → a number from 0 to 1'],
    [{ p: NaN }, "p is NaN → a number from 0 to 1"],
    [{ seed: 0.5 }, "seed is 0.5 → an integer"],
    [{ minBitrateKbps: "8" }, 'minBitrateKbps is "8" → a number'],
    [{ maxBitrateKbps: NaN }, "maxBitrateKbps is NaN → a number"],
    [
      { minBitrateKbps: 321 },
      `the range from minBitrateKbps to maxBitrateKbps is 321, 64 → such that it holds one of ${
        BITRATES_KBPS.join(", ")
      } kbps`,
    ],
    [
      { minBitrateKbps: 65, maxBitrateKbps: 79 },
      `the range from minBitrateKbps to maxBitrateKbps is 65, 79 → such that it holds one of ${
        BITRATES_KBPS.join(", ")
      } kbps`,
    ],
    [
      { bitrateModes: ["abr"], minBitrateKbps: 100.2, maxBitrateKbps: 100.9 },
      "the range from minBitrateKbps to maxBitrateKbps is 100.2, 100.9 → within 8 to 320 kbps",
    ],
    [
      { minVbrQuality: -0.1 },
      "the range from minVbrQuality to maxVbrQuality is -0.1, 9 → within 0 to 9.999",
    ],
    [
      { maxVbrQuality: 10 },
      "the range from minVbrQuality to maxVbrQuality is 0, 10 → within 0 to 9.999",
    ],
    [
      { minVbrQuality: 5, maxVbrQuality: 4.9 },
      "the range from minVbrQuality to maxVbrQuality is 5, 4.9 → within 0 to 9.999",
    ],
    [{ channelGroups: [[0, 1, 2]] }, 'channelGroups is an array → "pairs" or "singles"'],
    [{ channelGroups: "all" }, 'channelGroups is "all" → "pairs" or "singles"'],
    [{ preserveDelay: 1 }, "preserveDelay is 1 → true or false"],
    [{ preserveLevel: 0 }, "preserveLevel is 0 → true or false"],
  ] as const
) {
  test(`these draws are refused: ${JSON.stringify(options)}`, () => {
    assert.throws(() => new Mp3Compression(options as unknown as Mp3CompressionOptions), {
      name: "Mp3AugmentError",
      message: message.replace(" → ", "; it must be "),
    });
  });
}

test("a name is a text, and its copies are counted from 0", () => {
  const transform = new Mp3Compression();
  const refused: [unknown, unknown, string][] = [
    [3, 0, "key is 3; it must be a string"],
    [undefined, 0, "key is undefined; it must be a string"],
    ["a", -1, "copy is -1; it must be an integer from 0 on"],
    ["a", 0.5, "copy is 0.5; it must be an integer from 0 on"],
    ["a", 2 ** 53, "copy is 9007199254740992; it must be an integer from 0 on"],
  ];
  for (const [key, copy, message] of refused) {
    const draw = () => transform.parametersFor(key as string, copy as number, 16000);
    assert.throws(draw, { code: "INVALID_OPTION", message });
  }
  assert.ok(transform.parametersFor("", 2 ** 53 - 1, 16000));
});

test("p is a chance: never where it is 0, always where it is 1", () => {
  const [first, later] = GOOD.state;
  const zeros = { ...GOOD, state: [Array(first.length).fill(0), later] }; // draws 0 for long
  for (const p of [0, 1]) {
    const options = { ...GOOD.options, p };
    const drawn = Mp3Compression.fromJSON({ ...zeros, options }).randomizeParameters(44100);
    assert.equal(drawn.shouldApply, p === 1);
    assert.equal(drawn.bitrateKbps, 8, "the first bitrate");
  }
});

test("docs/transform.md tells the distribution as it is", () => {
  const page = readFileSync(projectPath("docs/transform.md"), "utf8").replace(/ +/g, " ");
  for (const { name, rates, quality, codedSampleRate } of ORIGINS) {
    const how = rates.map(([share, rate]) =>
      `${share} % ` +
      (rate.vbrQuality !== undefined
        ? `V${rate.vbrQuality}`
        : `${rate.bitrateKbps ?? rate.averageBitrateKbps} kbps`)
    ).join(", ");
    const row = `| ${name} | ${how} | ${quality} | ${codedSampleRate ? "LAME's" : "the clip's"} |`;
    assert.ok(page.includes(row), row);
  }
  const [once, twice, thrice] = PASSES_PERCENT;
  const line = `${once} % go through the codec once, ${twice} % twice, ${thrice} % three times`;
  assert.ok(page.includes(line), line);
});
