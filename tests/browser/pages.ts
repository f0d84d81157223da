/** What the tests of all pages in Chromium have in common. */
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { type Evaluator, findFaults } from "./axe.ts";

/** A recording that comes along: 12 s of speech, mono, 44.1 kHz. */
export const recording = fileURLToPath(new URL("lena.wav", import.meta.resolve("audio-lena")));

/** Only a hang takes so long, even on a slow and busy machine. */
const TIMEOUT_MS = 60_000;

/** What pages are looked at on. */
export const SCREENS = [
  { name: "desktop", width: 1280, height: 800 },
  { name: "phone", width: 360, height: 740 },
].flatMap(({ name, width, height }) =>
  (["light", "dark"] as const).map((colorScheme) => ({
    name: `${name}-${colorScheme}`,
    options: {
      colorScheme,
      viewport: { width, height },
      isMobile: name === "phone",
      hasTouch: name === "phone",
    },
  }))
);

/**
 * Opens a page and closes it after the test, which fails on any complaint or request.
 *
 * @param prepare runs in the page before its own script
 */
export async function open(
  t: TestContext,
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
  prepare = () => {},
): Promise<Page> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    const isKnown = message.text().includes("ScriptProcessorNode is deprecated"); // see play/sound.ts
    if (!isKnown) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    const isOwn = url === address || url.startsWith("blob:");
    if (!isOwn) complaints.push(`request of ${url.slice(0, 200)}`);
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

/** Fails where something overflows, is hard to hit, or a fault to axe. */
export async function checkLook(page: Page): Promise<void> {
  await page.locator("summary").click();
  assert.deepEqual(await findFaults(page), []);
  const overflow = await page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll("main, main *")]
      .filter((element) =>
        !["LEGEND", "CANVAS", "INPUT"].includes(element.tagName) &&
        element.getBoundingClientRect().right > innerWidth
      )
      .map((element) => element.outerHTML.slice(0, 100))
  );
  assert.deepEqual(overflow, []);
  const targets = ".choice, .button, #play, #position, .slider input, .loop, [data-copy]";
  for (const target of await page.locator(targets).filter({ visible: true }).all()) {
    const { height } = await target.boundingBox() ?? assert.fail();
    assert.ok(height >= 44, `a target of ${height} px`);
  }
  await page.locator("summary").click();
}

/** Takes a picture where MP3_AUGMENT_SCREENSHOTS names a folder for them. */
export async function photograph(page: Page, name: string): Promise<void> {
  const folder = process.env.MP3_AUGMENT_SCREENSHOTS;
  if (!folder) return;
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** Waits until an expression is true: Playwright's own wait is forbidden by our pages' policies. */
export async function waitFor(page: Evaluator, expression: string): Promise<void> {
  const end = Date.now() + TIMEOUT_MS;
  while (!await page.evaluate(`Boolean(${expression})`)) {
    assert.ok(Date.now() < end, `it never came true: ${expression}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits for the player to play, or to stand still. */
export async function waitUntil(page: Page, playing: boolean): Promise<void> {
  await page.locator(`#play[data-playing="${playing}"]`).waitFor();
}

/** How long what is played into memory is. */
export const RENDERED_SECONDS = 2;
/** Between a click and the start. */
export const START_SECONDS = 0.05;
export const FADE_SECONDS = 0.01;

/** What {@linkcode playIntoMemory} leaves in the page. */
export interface WithMemory {
  memory: OfflineAudioContext;
}

/** Lets the page play into memory, sample by sample, instead of into a loudspeaker. */
export function playIntoMemory(): void {
  const seconds = 2;
  class MemoryContext extends OfflineAudioContext {
    constructor({ sampleRate }: { sampleRate: number }) {
      super({ numberOfChannels: 1, length: seconds * sampleRate, sampleRate });
      Object.assign(globalThis, { memory: this });
    }
    override resume() {
      return Promise.resolve();
    }
  }
  Object.assign(globalThis, { AudioContext: MemoryContext });
}

/** By how much two clips of one length differ. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((largest, sample, i) => Math.max(largest, Math.abs(sample - (b[i] ?? 0))), 0);
}
