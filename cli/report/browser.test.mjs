// npm test -- --only report
//
// The report in a real browser: Chromium, headless. MP3_AUGMENT_SCREENSHOTS names a folder for
// pictures of the page.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import decode from "audio-decode";
import { needTool, root, run } from "../../scripts/tools.mjs";
import { launchChromium } from "./chromium.mjs";

const input = fileURLToPath(new URL("lena.wav", import.meta.resolve("audio-lena")));
const folder = mkdtempSync(join(tmpdir(), "mp3-augment-report-test-"));
const report = join(folder, "report.html");
const LABELS = ["Original", "32 kbps", "64 kbps", "128 kbps"];
const SECONDS = 4;
/** Only a hang takes so long, even on a slow and busy machine. */
const TIMEOUT_MS = 240_000;
const PAGES = [
  { name: "desktop", width: 1280, height: 800 },
  { name: "phone", width: 360, height: 740 },
].flatMap(({ name, width, height }) =>
  /** @type {const} */ (["light", "dark"]).map((colorScheme) => ({
    name: `${name}-${colorScheme}`,
    options: {
      colorScheme,
      viewport: { width, height },
      isMobile: name === "phone",
      hasTouch: name === "phone",
    },
  }))
);

/** @type {import("playwright-core").Browser} */
let browser;

/** @param {"deno" | "bun"} runtime @param {string[]} args */
function command(runtime, ...args) {
  const start = runtime === "deno" ? ["run", "--no-check", "--allow-all"] : ["run"];
  return run(needTool(runtime), [...start, join(root, "cli", "main.ts"), "report", ...args]);
}

before(async () => {
  const args = ["--bitrates", "32,64,128", "--duration", String(SECONDS), "-o", report];
  const { code, output } = await command("bun", input, ...args);
  assert.equal(code, 0, output);
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/**
 * Opens the report and closes it after the test, which fails on any complaint or request.
 * @param {import("node:test").TestContext} t
 * @param {import("playwright-core").BrowserContextOptions} options
 * @param {() => void} [prepare] runs in the page before its own script
 */
async function open(t, options = {}, prepare = () => {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  const address = pathToFileURL(report).href;
  page.on("request", (request) => {
    if (request.url() !== address) complaints.push(`request of ${request.url().slice(0, 200)}`);
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  });
  await page.addInitScript(prepare);
  await page.goto(address);
  await page.waitForFunction(() => document.getElementById("status")?.textContent === "");
  return page;
}

/** @param {import("playwright-core").Page} page @param {boolean} playing */
async function waitUntil(page, playing) {
  await page.locator(`#play[data-playing="${playing}"]`).waitFor();
}

/** @param {import("playwright-core").Page} page */
function position(page) {
  return page.locator("#position").evaluate((slider) =>
    Number(/** @type {HTMLInputElement} */ (slider).value)
  );
}

/** @param {import("playwright-core").Page} page */
function chosen(page) {
  return page.locator(".choice:has(:checked)").textContent();
}

/** The ratio of luminances of a text and what lies under it, as WCAG 2 defines it. */
function findPaleTexts() {
  /** @param {string} colour */
  const parts = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  /** @param {string} colour */
  const luminance = (colour) => {
    const [red = 0, green = 0, blue = 0] = parts(colour).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  /** @param {Element | null} element @returns {string} */
  const background = (element) => {
    if (!element) return "rgb(255, 255, 255)";
    const colour = getComputedStyle(element).backgroundColor;
    return parts(colour)[3] === 0 ? background(element.parentElement) : colour;
  };
  return [...document.querySelectorAll("main *")].flatMap((element) => {
    const text = [...element.childNodes].find((node) =>
      node.nodeType === Node.TEXT_NODE && node.textContent?.trim()
    )?.textContent;
    if (!text || !element.checkVisibility()) return [];
    const { color, fontSize } = getComputedStyle(element);
    const [dark = 0, light = 0] = [luminance(color), luminance(background(element))].sort();
    const contrast = (light + 0.05) / (dark + 0.05);
    const isGood = contrast >= 4.5 && parseFloat(fontSize) >= 12;
    return isGood ? [] : [`${text}: contrast ${contrast.toFixed(1)}, ${fontSize}`];
  });
}

for (const { name, options } of PAGES) {
  test(`${name}: nothing overflows, is pale, tiny or hard to hit`, async (t) => {
    const page = await open(t, options);
    await page.locator("summary").click();
    assert.deepEqual(await page.evaluate(findPaleTexts), []);
    const overflow = await page.evaluate(() =>
      [document.documentElement, ...document.querySelectorAll("main, main *")]
        .filter((element) =>
          !["LEGEND", "CANVAS", "INPUT"].includes(element.tagName) &&
          element.getBoundingClientRect().right > innerWidth
        )
        .map((element) => element.outerHTML.slice(0, 100))
    );
    assert.deepEqual(overflow, []);
    for (const target of await page.locator(".choice, #play, #position, .loop").all()) {
      const { height } = await target.boundingBox() ?? assert.fail();
      assert.ok(height >= 44, `a target of ${height} px`);
    }
    await page.locator("summary").click();
    if (process.env.MP3_AUGMENT_SCREENSHOTS) {
      await page.locator(".choice").nth(2).click();
      await page.locator(".plot").first().click({ position: { x: 90, y: 50 } });
      const path = join(process.env.MP3_AUGMENT_SCREENSHOTS, `${name}.png`);
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path, fullPage: true });
    }
  });
}

test("light and dark have their own colours, pictures included", async (t) => {
  const page = await open(t);
  const look = async (/** @type {"light" | "dark"} */ colorScheme) => {
    await page.emulateMedia({ colorScheme });
    const isDark = colorScheme === "dark";
    // The top left corner is silence: paper in the light, night in the dark.
    await page.waitForFunction((isDark) => {
      const canvas = /** @type {HTMLCanvasElement} */ (document.getElementById("coded"));
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
  const args = ["--bitrates", "32,64,128", "--duration", String(SECONDS), "--json"];
  const { code, stdout, output } = await command("deno", input, ...args, "-o", `${report}.deno`);
  assert.equal(code, 0, output);
  const { clips } = JSON.parse(stdout);
  clips.slice(1).forEach((/** @type {any} */ clip, /** @type {number} */ index) => {
    const [, snr, distance, bandwidth, level, size] = cells[index + 1] ?? [];
    assert.equal(snr, clip.snrDb.toFixed(1));
    assert.equal(distance, clip.logSpectralDistanceDb.toFixed(1));
    assert.equal(bandwidth, (clip.bandwidthHz / 1000).toFixed(1));
    assert.equal(level, clip.levelDb.toFixed(2).replace("-", "−"));
    assert.equal(size, (clip.byteSize / 1000).toFixed(1));
  });
});

test("one start for all clips; a switch only turns gains, and the time runs on", async (t) => {
  const page = await open(t, {}, () => {
    /** @type {any} */
    const log = { starts: [], stops: 0, ramps: [] };
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
  /** @returns {Promise<{ starts: number[][], stops: number, ramps: number[][] }>} */
  const log = () => page.evaluate(() => /** @type {any} */ (globalThis).log);
  await page.locator("#play").click();
  await waitUntil(page, true);
  await page.waitForFunction(() =>
    Number(/** @type {HTMLInputElement} */ (document.getElementById("position")).value) > 0
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

const RENDERED_SECONDS = 2;
const SWITCH_SECONDS = 1;
const START_SECONDS = 0.05;
const FADE_SECONDS = 0.01;

/** Lets the page play into memory, sample by sample, instead of into a loudspeaker. */
function playIntoMemory() {
  const seconds = 2;
  class MemoryContext extends OfflineAudioContext {
    /** @param {{ sampleRate: number }} options */
    constructor({ sampleRate }) {
      super({ numberOfChannels: 1, length: seconds * sampleRate, sampleRate });
      Object.assign(globalThis, { memory: this });
    }
    /** @override */
    resume() {
      return Promise.resolve();
    }
  }
  Object.assign(globalThis, { AudioContext: MemoryContext });
}

/**
 * What is heard when playing starts at one clip and switches to another.
 * @param {import("node:test").TestContext} t
 * @param {number} first
 * @param {number} second
 */
async function listen(t, first, second) {
  const page = await open(t, {}, playIntoMemory);
  await page.locator(".choice").nth(first).click();
  await page.locator("#play").click();
  await waitUntil(page, true);
  const samples = await page.evaluate(async ({ second, time }) => {
    /** @type {OfflineAudioContext} */
    const memory = /** @type {any} */ (globalThis).memory;
    memory.suspend(time).then(() => {
      /** @type {HTMLInputElement} */ (document.getElementsByName("clip")[second]).click();
      OfflineAudioContext.prototype.resume.call(memory);
    });
    return Array.from((await memory.startRendering()).getChannelData(0));
  }, { second, time: SWITCH_SECONDS });
  return Float32Array.from(samples);
}

/** @param {Float32Array} a @param {Float32Array} b */
function largestDifference(a, b) {
  assert.equal(a.length, b.length);
  return a.reduce((largest, sample, i) => Math.max(largest, Math.abs(sample - (b[i] ?? 0))), 0);
}

test("what is heard: the original, then the coded clip at the same sample, no gap between", async (t) => {
  const { channelData, sampleRate } = await decode(readFileSync(input));
  const original = await listen(t, 0, 0);
  const coded = await listen(t, 1, 1);
  const switched = await listen(t, 0, 1);
  assert.equal(original.length, RENDERED_SECONDS * sampleRate);

  // The original is heard as the file holds it, but for 16 bits.
  const start = Math.round(START_SECONDS * sampleRate);
  const file = /** @type {Float32Array} */ (channelData[0]);
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
  const outline = await page.locator(".choice:has(:checked)").evaluate((choice) =>
    getComputedStyle(choice).outlineStyle
  );
  assert.equal(outline, "solid");
  await page.keyboard.press("Space");
  await waitUntil(page, true);
  await page.keyboard.press("4");
  assert.equal(await chosen(page), "128 kbps");
  await page.keyboard.press("o");
  assert.equal(await chosen(page), "Original");
  await page.keyboard.press("o");
  assert.equal(await chosen(page), "128 kbps");
  await page.locator("figcaption", { hasText: "128 kbps minus original" }).waitFor();
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
    const seen = /** @type {(string | null)[]} */ ([]);
    Object.assign(globalThis, { seen });
    new MutationObserver(() => seen.push(button.getAttribute("data-playing"))).observe(button, {
      attributeFilter: ["data-playing"],
    });
  });
  await page.locator("#play").click();
  // It may have played and stopped before anyone looks.
  await page.waitForFunction(() => /** @type {any} */ (globalThis).seen.join() === "true,false");
  assert.equal(await position(page), 0);
  await page.locator("#loop").check();
  await plot.click({ position: { x: width - 4, y: 50 } });
  await page.locator("#play").click();
  await page.waitForFunction(
    (half) =>
      Number(/** @type {HTMLInputElement} */ (document.getElementById("position")).value) < half,
    SECONDS / 2,
  );
  await waitUntil(page, true);
});
