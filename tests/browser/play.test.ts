/** `npm run play`'s page in Chromium and Firefox, headless. `npm test -- --only report`. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { createFlacWriter } from "../../cli/audio/flac.ts";
import { decodeBytes } from "../../cli/audio/read.ts";
import { wavBytes, wavHeader } from "../../cli/audio/wav.ts";
import { measure } from "../../cli/report/metrics.ts";
import { compressRoundtrip, encodeMp3, type RoundtripOptions } from "../../mod.ts";
import { makePlay } from "../../play/main.ts";
import { makeUp } from "../../play/sound.ts";
import { findBrowser } from "../../scripts/run-page.mjs";
import { needTool, root, run } from "../../scripts/tools.mjs";
import { type Evaluator, findFaults } from "./axe.ts";
import { launchChromium } from "./chromium.ts";
import { Firefox } from "./firefox.ts";
import {
  checkLook,
  FADE_SECONDS,
  largestDifference,
  open as openPage,
  photograph,
  playIntoMemory,
  recording,
  SCREENS,
  START_SECONDS,
  waitFor,
  waitUntil,
} from "./pages.ts";

const folder = mkdtempSync(join(tmpdir(), "mp3-augment-play-test-"));
let browser: Browser;
let path: string;

before(async () => {
  const { code, output } = await run(needTool("bun"), [join(root, "scripts", "build-wasm.ts")]);
  assert.equal(code, 0, output);
  path = await makePlay(join(folder, "play.html"));
  browser = await launchChromium([
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
  ]);
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** @param prepare runs in the page before its own script */
function open(t: TestContext, options: BrowserContextOptions = {}, prepare = () => {}) {
  return openPage(t, browser, pathToFileURL(path).href, options, prepare);
}

/** Whether what is chosen is made, shown and heard; as text, for Firefox too. */
const IS_DONE = `document.body.getAttribute("aria-busy") === "false" &&
  document.getElementById("status").textContent === ""`;

async function settle(page: Evaluator): Promise<void> {
  await waitFor(page, IS_DONE);
}

/** What the page shows of the MP3, by column. */
const CELLS = `JSON.stringify([...document.querySelectorAll("tbody tr:last-child td")].map(
  ({ textContent }) => textContent))`;

/** Moves sliders, ticks boxes and chooses a kind of bitrate, all at once. */
function choiceOf(sliders: Record<string, number | true>): string {
  return `for (const [id, value] of Object.entries(${JSON.stringify(sliders)})) {
    const kind = value === true ? ":not([type=range])" : "";
    const input = document.querySelector(\`[value=\${id}], #\${id}\${kind}\`);
    if (value === true) input.checked = true;
    else input.value = String(value);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }`;
}

/** Makes the page hash what it would save, instead of saving it. */
const HASH_SAVED = `new Promise((resolve) => {
  const { createObjectURL } = URL;
  const found = [];
  URL.createObjectURL = (blob) => {
    blob.arrayBuffer().then((bytes) => crypto.subtle.digest("SHA-256", bytes)).then((hash) => {
      found.push([...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
      if (found.length === 2) resolve(found.sort().join());
    });
    return createObjectURL.call(URL, blob);
  };
  HTMLAnchorElement.prototype.click = () => {};
  for (const id of ["wav", "mp3"]) document.getElementById(id).click();
})`;

function sha256(...parts: Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** The bytes that the page must offer: those of the native library. */
function filesOf(channels: Float32Array[], options: RoundtripOptions) {
  const coded = compressRoundtrip(channels, options);
  const { preserveLevel: _level, ...encoding } = options;
  const header = wavHeader(options.sampleRate, coded.length, "16", coded[0]?.length ?? 0);
  return { coded, wav: [header, wavBytes(coded, "16")], mp3: encodeMp3(channels, encoding) };
}

function hashesOf(channels: Float32Array[], options: RoundtripOptions): string {
  const { wav, mp3 } = filesOf(channels, options);
  return [sha256(...wav), sha256(mp3)].sort().join();
}

async function readRecording(): Promise<Float32Array[]> {
  return (await decodeBytes(readFileSync(recording))).channels;
}

const SAMPLE_RATE = 44100;
/** Everything but the defaults. */
const CHOICE: Record<string, number | true> = {
  vbr: true,
  quality: 5,
  joint: true,
  reservoir: true,
  level: true,
  passes: 1,
  rate: 5,
};
const OPTIONS: RoundtripOptions = {
  sampleRate: SAMPLE_RATE,
  vbrQuality: 4,
  quality: 5,
  stereoMode: "joint",
  bitReservoir: true,
  preserveLevel: true,
  passes: 2,
  codedSampleRate: 24000,
};

test("one file of at most 1.5 MB, which may run its own script and nothing else", () => {
  assert.ok(statSync(path).size <= 1_500_000, `${statSync(path).size} bytes`);
  const html = readFileSync(path, "utf8");
  const [, policy = ""] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html) ?? [];
  const hash = `'sha256-[A-Za-z0-9+/=]{44}'`;
  assert.match(
    policy,
    new RegExp(
      "^default-src 'none'; base-uri 'none'; form-action 'none'; " +
        `style-src ${hash}; script-src ${hash} 'wasm-unsafe-eval'; worker-src blob:$`,
    ),
  );
  assert.doesNotMatch(html.replace(/<script[^]*$/, ""), /\son\w+=|\sstyle=|\bsrc=|\bhref=/);
});

// The report's test looks at all four.
for (const { name, options } of [SCREENS[0], SCREENS[3]].filter((screen) => screen !== undefined)) {
  test(`${name}: nothing overflows, is hard to hit, or a fault to axe`, async (t) => {
    const page = await open(t, options);
    await checkLook(page);
    await photograph(page, `play-${name}`);
  });
}

test("what is saved are the native library's bytes; the numbers are the report's", async (t) => {
  const page = await open(t);
  const madeUp = makeUp();
  const plain = { sampleRate: SAMPLE_RATE, bitrateKbps: 64 };
  assert.equal(await page.evaluate(HASH_SAVED), hashesOf([...madeUp.channels], plain));
  await page.reload();
  await settle(page);
  await page.locator("#file").setInputFiles(recording);
  await page.locator("#facts", { hasText: "lena.wav · 12.3 s · mono · 44.1 kHz" }).waitFor();
  await page.evaluate(choiceOf(CHOICE));
  await settle(page);
  const channels = await readRecording();
  const { coded, mp3 } = filesOf(channels, OPTIONS);
  const { snrDb, logSpectralDistanceDb, bandwidthHz } = measure(channels, coded, SAMPLE_RATE);
  const [, snr, distance, bandwidth, , size] = JSON.parse(await page.evaluate(CELLS));
  assert.equal(snr, snrDb.toFixed(1));
  assert.equal(distance, logSpectralDistanceDb.toFixed(1));
  assert.equal(bandwidth, (bandwidthHz / 1000).toFixed(1));
  assert.equal(size, (mp3.length / 1000).toFixed(1));
  const saving = page.waitForEvent("download");
  await page.locator("#mp3").click();
  const download = await saving;
  assert.equal(download.suggestedFilename(), "lena-mp3.mp3");
  assert.ok(readFileSync(await download.path()).equals(mp3));
  const flags =
    "--vbr-quality 4 --quality 5 --joint-stereo --reservoir --coded-rate 24000 --passes 2";
  assert.equal(
    await page.locator("#command").textContent(),
    `mp3-augment roundtrip lena.wav lena-mp3.wav ${flags} --preserve-level\n` +
      `mp3-augment encode lena.wav lena-mp3.mp3 ${flags}`,
  );
  assert.equal(await page.evaluate(HASH_SAVED), hashesOf(channels, OPTIONS));
});

test("of many choices the last one stays", async (t) => {
  const page = await open(t);
  const slow = { quality: 0, passes: 9 };
  await page.evaluate(choiceOf(slow));
  await page.evaluate(choiceOf({ bitrate: 3 }));
  await page.evaluate(choiceOf({ quality: 9, passes: 0, bitrate: 10 }));
  await settle(page);
  const channels = [...makeUp().channels];
  const options = { sampleRate: SAMPLE_RATE, bitrateKbps: 112, quality: 9 };
  assert.equal(await page.evaluate(HASH_SAVED), hashesOf(channels, options));
  assert.equal(JSON.parse(await page.evaluate(CELLS))[0], "112.0");
});

test("a choice is heard in place: the new samples follow the old ones without a gap", async (t) => {
  const page = await open(t, {}, playIntoMemory);
  await page.locator("#file").setInputFiles(recording);
  await page.locator("#facts", { hasText: "lena.wav" }).waitFor();
  await settle(page);
  await page.locator("#play").click();
  await waitUntil(page, true);
  const heard = Float32Array.from(
    await page.evaluate<number[]>(`memory.suspend(1).then(async () => {
      ${choiceOf({ bitrate: 17 })}
      while (!(${IS_DONE})) await new Promise((resolve) => setTimeout(resolve, 20));
      OfflineAudioContext.prototype.resume.call(memory);
    });
    memory.startRendering().then((buffer) => Array.from(buffer.getChannelData(0)))`),
  );
  const channels = await readRecording();
  const start = Math.round(START_SECONDS * SAMPLE_RATE);
  const expect = (bitrateKbps: number) => {
    const samples = new Float32Array(heard.length);
    const [coded] = compressRoundtrip(channels, { sampleRate: SAMPLE_RATE, bitrateKbps });
    samples.set(coded?.subarray(0, heard.length - start) ?? [], start);
    return samples;
  };
  const [before, behind] = [expect(64), expect(320)];
  // Decided at 1 s, or at the end of the block of 128 samples that it is in.
  const from = SAMPLE_RATE + start - 1;
  const to = SAMPLE_RATE + 128 + start + Math.ceil(FADE_SECONDS * SAMPLE_RATE) + 128;
  assert.equal(largestDifference(heard.slice(0, from), before.slice(0, from)), 0);
  assert.equal(largestDifference(heard.slice(to), behind.slice(to)), 0);
  assert.ok(largestDifference(before.slice(to), behind.slice(to)) > 0.001);
  for (let i = from; i < to; i++) {
    const [a = 0, b = 0] = [before[i], behind[i]];
    const isBetween = (heard[i] ?? 0) >= Math.min(a, b) - 1e-6 &&
      (heard[i] ?? 0) <= Math.max(a, b) + 1e-6;
    assert.ok(isBetween, `sample ${i}`);
  }
});

test("all by the keyboard", async (t) => {
  const page = await open(t);
  const focused = () => page.evaluate(() => document.activeElement?.id);
  const order: unknown[] = [];
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press("Tab");
    order.push(await focused());
  }
  assert.deepEqual(order, [
    ..."file record made-up".split(" "),
    "", // the kind of bitrate
    ..."bitrate quality rate passes joint reservoir level".split(" "),
    "", // what is heard
  ]);
  assert.equal(await page.locator(".player .choice:has(:checked)").textContent(), "MP3");
  await page.keyboard.press("o");
  assert.equal(await page.locator(".player .choice:has(:checked)").textContent(), "Original");
  await page.locator("#bitrate").focus();
  await page.keyboard.press("ArrowRight");
  await page.locator("#bitrate-text", { hasText: "80 kbps" }).waitFor();
  await settle(page);
  assert.equal(JSON.parse(await page.evaluate(CELLS))[0], "80.0");
  await page.keyboard.press("Space");
  await waitUntil(page, true);
  await page.keyboard.press("Space");
  await waitUntil(page, false);
});

/** Lets a file fall into the page. */
async function drop(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const base64 = Buffer.from(bytes).toString("base64");
  await page.evaluate(({ name, base64 }) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], name));
    document.dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true }));
  }, { name, base64 });
}

test("files that are dropped: FLAC at its own rate, a long one in part, MP3, and what is none", async (t) => {
  const page = await open(t);
  const says = (text: RegExp) => page.locator("#facts", { hasText: text }).waitFor();
  const sweep = Float32Array.from({ length: 40 * 16000 }, (_, i) => Math.sin(i * i / 1e6) / 4);
  const writer = await createFlacWriter(16000, 1, "16", sweep.length);
  const flac = Buffer.concat([writer.write([sweep]), writer.finish()]);
  writer.free();
  await drop(page, "sweep.flac", flac);
  await says(/^sweep\.flac · 30\.0 s of 40\.0 s · mono · 16 kHz$/);
  await page.locator("#start").fill("25");
  await says(/^sweep\.flac · 15\.0 s of 40\.0 s/);
  await drop(page, "sweep.mp3", encodeMp3(sweep, { sampleRate: 16000, bitrateKbps: 64 }));
  await says(/^sweep\.mp3 · 30\.0 s of 40\.0 s · mono · 16 kHz$/);
  const samples = [sweep.subarray(0, 9600)];
  const wav = [wavHeader(96000, 1, "float", 9600), wavBytes(samples, "float")];
  await drop(page, "high.wav", Buffer.concat(wav));
  await says(/^high\.wav · 0\.1 s · mono · 48 kHz · resampled from 96 kHz$/);
  await settle(page);
  await drop(page, "text.txt", Buffer.from("no sound"));
  await page.locator("#status", { hasText: "text.txt could not be read: " }).waitFor();
  await says(/^high\.wav/);
});

test("a recording", async (t) => {
  const page = await open(t, { permissions: ["microphone"] });
  await page.getByRole("button", { name: "Record" }).click();
  await page.getByRole("button", { name: "Stop recording" }).waitFor();
  await page.waitForTimeout(1500);
  await page.getByRole("button", { name: "Stop recording" }).click();
  await page.locator("#facts", { hasText: /^recording\.wav · \d\.\d s · mono/ }).waitFor();
  await settle(page);
  // Chromium's false microphone beeps each second.
  const [, snr] = JSON.parse(await page.evaluate(CELLS));
  assert.ok(Number(snr) > 0, `an SNR of ${snr} dB`);
});

const TAB = "\ue004", RIGHT = "\ue014";

test("Firefox: the same bytes, numbers and sound, by the keyboard, without a fault to axe", {
  skip: !findBrowser("firefox") && "there is no Firefox here: apt-get install firefox-esr",
}, async () => {
  const firefox = await Firefox.launch();
  try {
    await firefox.prepare(`(${playIntoMemory})()`);
    await firefox.goto(pathToFileURL(path).href);
    await settle(firefox);
    assert.deepEqual(await findFaults(firefox), []);
    await firefox.setFile("#file", recording);
    await waitFor(firefox, `document.getElementById("facts").textContent.startsWith("lena.wav")`);
    await firefox.evaluate(choiceOf(CHOICE));
    await settle(firefox);
    const channels = await readRecording();
    const { coded, mp3 } = filesOf(channels, OPTIONS);
    const [, snr, , , , size] = JSON.parse(String(await firefox.evaluate(CELLS)));
    assert.equal(snr, measure(channels, coded, SAMPLE_RATE).snrDb.toFixed(1));
    assert.equal(size, (mp3.length / 1000).toFixed(1));
    assert.equal(await firefox.evaluate(HASH_SAVED), hashesOf(channels, OPTIONS));

    const copy = `document.querySelector("[data-copy=code]")`;
    await firefox.evaluate(`${copy}.click()`);
    await waitFor(firefox, `${copy}.textContent === "Copied"`);

    await firefox.evaluate(`document.getElementById("vbr").focus()`);
    await firefox.press(RIGHT);
    await firefox.press(TAB);
    assert.equal(await firefox.evaluate("document.activeElement.id"), "quality");
    await waitFor(
      firefox,
      `document.getElementById("command").textContent.includes("quality 4.1 ")`,
    );
    await settle(firefox);
    await firefox.press("o");
    const chosen = "document.querySelector('[name=clip]:checked').parentElement.textContent";
    assert.equal(await firefox.evaluate(chosen), "Original");
    await firefox.press("2");
    assert.equal(await firefox.evaluate(chosen), "MP3");
    await firefox.press(" ");
    await waitFor(firefox, `document.getElementById("play").dataset.playing === "true"`);
    const text = await firefox.evaluate(
      "memory.startRendering().then((buffer) => JSON.stringify([...buffer.getChannelData(0)]))",
    );
    const heard = Float32Array.from(JSON.parse(String(text)) as number[]);
    const [samples] = compressRoundtrip(channels, { ...OPTIONS, vbrQuality: 4.1 });
    const start = Math.round(START_SECONDS * SAMPLE_RATE);
    const expected = heard.map((_, i) => samples?.[i - start] ?? 0);
    assert.equal(largestDifference(heard, expected), 0);
    assert.deepEqual(firefox.complaints, []);
  } finally {
    await firefox.close();
  }
});
