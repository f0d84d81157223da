/** The report in a real browser: Chromium, headless. `npm test -- --only report`. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import decode from "audio-decode";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { ReportRow } from "../../cli/report/report.ts";
import { needTool, root, run } from "../../scripts/tools.mjs";
import { launchChromium } from "./chromium.ts";
import {
  checkLook,
  FADE_SECONDS,
  largestDifference,
  open as openPage,
  photograph,
  playIntoMemory,
  recording as input,
  RENDERED_SECONDS,
  SCREENS,
  START_SECONDS,
  waitUntil,
  type WithMemory,
} from "./pages.ts";

const folder = mkdtempSync(join(tmpdir(), "mp3-augment-report-test-"));
const report = join(folder, "report.html");
const LABELS = ["Original", "32 kbps", "64 kbps", "VBR V4 joint q3"];
const SECONDS = 4;
const SETTINGS = [
  ..."--bitrates 32,64 --duration".split(" "),
  String(SECONDS),
  "--setting",
  "vbr 4 joint quality 3",
];
let browser: Browser;

/** What the page has done, as its own script sees it. */
interface Recorded {
  log: { starts: number[][]; stops: number; ramps: number[][] };
  seen: (string | null)[];
}

function command(runtime: "deno" | "bun", ...args: string[]) {
  const start = runtime === "deno" ? ["run", "--no-check", "--allow-all"] : ["run"];
  return run(needTool(runtime), [...start, join(root, "cli", "main.ts"), "report", ...args]);
}

before(async () => {
  const { code, output } = await command("bun", input, ...SETTINGS, "-o", report);
  assert.equal(code, 0, output);
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** @param prepare runs in the page before its own script */
function open(t: TestContext, options: BrowserContextOptions = {}, prepare = () => {}) {
  return openPage(t, browser, pathToFileURL(report).href, options, prepare);
}

function position(page: Page) {
  return page.locator("#position").evaluate((slider) => Number((slider as HTMLInputElement).value));
}

function chosen(page: Page) {
  return page.locator(".player .choice:has(:checked)").textContent();
}

for (const { name, options } of SCREENS) {
  test(`${name}: nothing overflows, is hard to hit, or a fault to axe`, async (t) => {
    const page = await open(t, options);
    await checkLook(page);
    await page.locator(".choice").nth(2).click();
    await page.locator(".plot").first().click({ position: { x: 90, y: 50 } });
    await photograph(page, name);
  });
}

test("a click on a row chooses it, and how it was made is there to copy", async (t) => {
  const page = await open(t);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.locator("tbody tr").nth(3).click();
  assert.equal(await chosen(page), LABELS[3]);
  assert.equal(await page.locator("tr[aria-current=true] th").textContent(), LABELS[3]);
  await page.locator("[data-copy=command]").click();
  await page.locator("[data-copy=command]", { hasText: "Copied" }).waitFor();
  const flags = "--vbr-quality 4 --quality 3 --joint-stereo";
  const lines = [
    `mp3-augment roundtrip lena.wav lena-vbr-v4-joint-q3.wav ${flags}`,
    `mp3-augment encode lena.wav lena-vbr-v4-joint-q3.mp3 ${flags}`,
  ];
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), lines.join("\n"));
  await page.locator("[data-copy=code]").click();
  await page.locator("[data-copy=code]", { hasText: "Copied" }).waitFor();
  const code = await page.evaluate(() => navigator.clipboard.readText());
  for (const line of ["sampleRate: 44100,", "vbrQuality: 4,", 'stereoMode: "joint",']) {
    assert.ok(code.includes(line), code);
  }
  assert.match(
    await page.locator("#report").textContent() ?? "",
    /report .*--setting 'vbr 4 joint/,
  );
  assert.match(await page.locator("footer").textContent() ?? "", /mp3-augment \d+\.\d+\.\d+/);
});

/** The ticks of the first picture's frequencies, and where along the axis they are. */
function readTicks(page: Page) {
  return page.evaluate(() =>
    [...document.querySelector(".ticks")?.querySelectorAll<HTMLElement>(".frequency") ?? []].map(
      ({ textContent, style }) =>
        [textContent, Math.round(parseFloat(style.getPropertyValue("--at")))] as const,
    )
  );
}

test("on mel and log axes low frequencies have more room", async (t) => {
  const page = await open(t);
  const picture = () =>
    page.evaluate(() => (document.getElementById("coded") as HTMLCanvasElement).toDataURL());
  await page.waitForFunction(() => document.querySelectorAll(".tick").length > 0);
  assert.deepEqual(await readTicks(page), [
    ["0", 0],
    ["5", 23],
    ["10", 45],
    ["15", 68],
    ["20 kHz", 91],
  ]);
  const linear = await picture();
  await page.getByLabel("Mel").check({ force: true });
  const mel = new Map(await readTicks(page));
  assert.equal(
    mel.get("1"),
    Math.round(100 * Math.log(1 + 1000 / 700) / Math.log(1 + 22050 / 700)),
  );
  assert.notEqual(await picture(), linear);
  await page.getByLabel("Log").check({ force: true });
  const log = new Map(await readTicks(page));
  assert.equal(log.get("1"), Math.round(100 * Math.log(1000 / 50) / Math.log(22050 / 50)));
  assert.equal(log.get("0.05"), 0);
});

test("on paper it is light, without buttons, and nothing is cut", async (t) => {
  const page = await open(t, { colorScheme: "dark" });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  for (const selector of [".player", ".axis", "[data-copy]"]) {
    assert.equal(await page.locator(selector).first().isVisible(), false);
  }
  await page.waitForFunction(() => {
    const canvas = document.getElementById("coded") as HTMLCanvasElement;
    return (canvas.getContext("2d")?.getImageData(0, 0, 1, 1).data[0] ?? 0) > 128;
  });
  assert.equal(
    await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
    "rgb(255, 255, 255)",
  );
  const pdf = await page.pdf({ format: "A4" });
  assert.ok(pdf.length > 10_000);
});

test("light and dark have their own colours, pictures included", async (t) => {
  const page = await open(t);
  const look = async (colorScheme: "light" | "dark") => {
    await page.emulateMedia({ colorScheme });
    const isDark = colorScheme === "dark";
    // The top left corner is silence: paper in the light, night in the dark.
    await page.waitForFunction((isDark) => {
      const canvas = document.getElementById("coded") as HTMLCanvasElement;
      const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      copy?.drawImage(canvas, 0, 0);
      const [red = 0] = copy?.getImageData(0, 0, 1, 1).data ?? [];
      return isDark === red < 128;
    }, isDark);
    return await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  };
  assert.notEqual(await look("light"), await look("dark"));
});

test("the table holds the command's numbers, the same in Deno", async (t) => {
  const page = await open(t);
  const cells = await page.locator("tbody tr").evaluateAll((rows) =>
    rows.map((row) => [...row.children].map((cell) => cell.textContent))
  );
  assert.deepEqual(cells.map(([label]) => label), LABELS);
  const made = join(folder, "by-deno.html");
  const args = [...SETTINGS, "--json", "-o", made];
  const { code, stdout, output } = await command("deno", input, ...args);
  assert.equal(code, 0, output);
  const { clips }: { clips: Record<keyof ReportRow, number>[] } = JSON.parse(stdout);
  clips.slice(1).forEach((clip, index) => {
    const [, bitrate, snr, distance, bandwidth, level, size] = cells[index + 1] ?? [];
    assert.equal(bitrate, clip.bitrateKbps.toFixed(1));
    assert.equal(snr, clip.snrDb.toFixed(1));
    assert.equal(distance, clip.logSpectralDistanceDb.toFixed(1));
    assert.equal(bandwidth, (clip.bandwidthHz / 1000).toFixed(1));
    assert.equal(level, clip.levelDb.toFixed(2).replace("-0.00", "0.00").replace("-", "−"));
    assert.equal(size, (clip.byteSize / 1000).toFixed(1));
  });
  const other = await openPage(t, browser, pathToFileURL(made).href);
  await other.locator(".choice").nth(1).click();
  await other.waitForFunction(() => document.querySelectorAll(".tick").length > 0);
});

test("one start for all clips; a switch only turns gains, and the time runs on", async (t) => {
  const page = await open(t, {}, () => {
    const log = { starts: [] as unknown[], stops: 0, ramps: [] as unknown[] };
    Object.assign(globalThis, { log });
    const { start, stop } = AudioBufferSourceNode.prototype;
    AudioBufferSourceNode.prototype.start = function (...args) {
      log.starts.push(args);
      return start.apply(this, args);
    };
    AudioBufferSourceNode.prototype.stop = function (...args) {
      log.stops += 1;
      return stop.apply(this, args);
    };
    const { linearRampToValueAtTime } = AudioParam.prototype;
    AudioParam.prototype.linearRampToValueAtTime = function (...args) {
      log.ramps.push(args);
      return linearRampToValueAtTime.apply(this, args);
    };
  });
  const log = () => page.evaluate(() => (globalThis as unknown as Recorded).log);
  await page.locator("#play").click();
  await waitUntil(page, true);
  await page.waitForFunction(() =>
    Number((document.getElementById("position") as HTMLInputElement).value) > 0
  );
  await page.locator(".choice").nth(2).click();
  const { starts, stops, ramps } = await log();
  assert.equal(starts.length, LABELS.length);
  assert.equal(new Set(starts.map(String)).size, 1);
  assert.equal(starts[0]?.[1], 0);
  assert.equal(stops, 0);
  const [from, ...rest] = ramps.map(([value]) => value);
  assert.deepEqual([from, rest.filter((value) => value === 0).length], [0, LABELS.length - 2]);
  assert.equal(new Set(ramps.map(([, time]) => time)).size, 1);
  assert.equal(await chosen(page), "64 kbps");
  await page.locator("#play").click();
  await waitUntil(page, false);
  const still = await position(page);
  assert.ok(still > 0 && still < SECONDS);
  await page.locator("#play").click();
  await waitUntil(page, true);
  const resumed = (await log()).starts.slice(LABELS.length);
  assert.equal(resumed.length, LABELS.length);
  for (const [, offset = NaN] of resumed) assert.ok(Math.abs(offset - still) < 1e-3);
});

const SWITCH_SECONDS = 1;

/** What is heard when playing starts at one clip and switches to another. */
async function listen(t: TestContext, first: number, second: number) {
  const page = await open(t, {}, playIntoMemory);
  await page.locator(".choice").nth(first).click();
  await page.locator("#play").click();
  await waitUntil(page, true);
  const samples = await page.evaluate(async ({ second, time }) => {
    const memory: OfflineAudioContext = (globalThis as unknown as WithMemory).memory;
    memory.suspend(time).then(() => {
      (document.getElementsByName("clip")[second] as HTMLInputElement).click();
      OfflineAudioContext.prototype.resume.call(memory);
    });
    return Array.from((await memory.startRendering()).getChannelData(0));
  }, { second, time: SWITCH_SECONDS });
  return Float32Array.from(samples);
}

test("what is heard: the original, then the coded clip at the same sample, no gap between", async (t) => {
  const { channelData, sampleRate } = await decode(readFileSync(input));
  const original = await listen(t, 0, 0);
  const coded = await listen(t, 1, 1);
  const switched = await listen(t, 0, 1);
  assert.equal(original.length, RENDERED_SECONDS * sampleRate);

  // The original is heard as the file holds it, but for 16 bits.
  const start = Math.round(START_SECONDS * sampleRate);
  const file = channelData[0] as Float32Array;
  const expected = new Float32Array(original.length);
  expected.set(file.subarray(0, original.length - start), start);
  assert.ok(largestDifference(original, expected) < 1e-4);

  // Outside the fade the two are what they are alone, to the last bit.
  const from = SWITCH_SECONDS * sampleRate;
  const to = from + Math.ceil(FADE_SECONDS * sampleRate) + 128;
  assert.equal(largestDifference(switched.slice(0, from), original.slice(0, from)), 0);
  assert.equal(largestDifference(switched.slice(to), coded.slice(to)), 0);
  assert.ok(largestDifference(original.slice(to), coded.slice(to)) > 0.001);

  // Within it every sample lies between the two.
  for (let i = from; i < to; i++) {
    const [a, b, mixed] = [original[i] ?? 0, coded[i] ?? 0, switched[i] ?? 0];
    assert.ok(mixed >= Math.min(a, b) - 1e-6 && mixed <= Math.max(a, b) + 1e-6, `sample ${i}`);
  }
});

test("all by the keyboard", async (t) => {
  const page = await open(t);
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight");
  assert.equal(await chosen(page), "32 kbps");
  const outline = await page.locator(".player .choice:has(:checked)").evaluate((choice) =>
    getComputedStyle(choice).outlineStyle
  );
  assert.equal(outline, "solid");
  await page.keyboard.press("Space");
  await waitUntil(page, true);
  await page.keyboard.press("4");
  assert.equal(await chosen(page), LABELS[3]);
  await page.keyboard.press("o");
  assert.equal(await chosen(page), "Original");
  await page.keyboard.press("o");
  assert.equal(await chosen(page), LABELS[3]);
  await page.locator("figcaption", { hasText: `${LABELS[3]} minus original` }).waitFor();
  await page.keyboard.press("Space");
  await waitUntil(page, false);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Home");
  assert.equal(await position(page), 0);
  await page.keyboard.press("ArrowRight");
  assert.ok(Math.abs(await position(page) - SECONDS / 50) < 1e-3);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  assert.equal(await page.locator("#loop").isChecked(), false);
});

test("without Loop it stops at the end, with it goes on from the start", async (t) => {
  const page = await open(t);
  const plot = page.locator(".plot").first();
  const { width } = await plot.boundingBox() ?? assert.fail();
  await page.locator("#loop").uncheck();
  await plot.click({ position: { x: width - 4, y: 50 } });
  assert.ok(await position(page) > 0.95 * SECONDS);
  await page.locator("#play").evaluate((button) => {
    const seen = [] as (string | null)[];
    Object.assign(globalThis, { seen });
    new MutationObserver(() => seen.push(button.getAttribute("data-playing"))).observe(button, {
      attributeFilter: ["data-playing"],
    });
  });
  await page.locator("#play").click();
  // It may have played and stopped before anyone looks.
  await page.waitForFunction(() =>
    (globalThis as unknown as Recorded).seen.join() === "true,false"
  );
  assert.equal(await position(page), 0);
  await page.locator("#loop").check();
  await plot.click({ position: { x: width - 4, y: 50 } });
  await page.locator("#play").click();
  await page.waitForFunction(
    (half) => Number((document.getElementById("position") as HTMLInputElement).value) < half,
    SECONDS / 2,
  );
  await waitUntil(page, true);
});
