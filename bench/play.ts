// npm run bench:play
//
// How long the page of `npm run play` takes from a choice until it is heard, and until pictures and
// numbers are there: 10 s of stereo, in headless Chromium. Medians; all rows take turns.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { markdownTable } from "markdown-table";
import { wavBytes, wavHeader } from "../cli/audio/wav.ts";
import { makePlay } from "../play/main.ts";
import { makeUp } from "../play/sound.ts";
import { launchChromium } from "../tests/browser/chromium.ts";
import { waitFor } from "../tests/browser/pages.ts";
import { quantile } from "./statistics.ts";

const SECONDS = 10;
const ROUNDS = 7;

/** The sliders' places that aren't the defaults: constant 64 kbps, once through MP3. */
const ROWS: Record<string, Record<string, number>> = {
  "quality 7": {},
  "quality 3": { quality: 3 },
  "quality 0": { quality: 0 },
  "quality 7, 10 passes": { passes: 9 },
  "quality 7, LAME's coded rate": { rate: 1 },
};
const DEFAULTS = { quality: 7, passes: 0, rate: 0 };

/** The page's own script has no part in this: it sees a slider move, and shows what it has made. */
function measure(places: Record<string, number>): string {
  return `(async () => {
    for (const [id, value] of Object.entries(${JSON.stringify(places)})) {
      document.getElementById(id).value = String(value);
    }
    const start = performance.now();
    const { copyToChannel } = AudioBuffer.prototype;
    let heard;
    AudioBuffer.prototype.copyToChannel = function (...args) {
      heard ??= performance.now() - start;
      return copyToChannel.apply(this, args);
    };
    document.getElementById("settings").dispatchEvent(new Event("input"));
    while (document.body.getAttribute("aria-busy") !== "false") {
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
    AudioBuffer.prototype.copyToChannel = copyToChannel;
    return [heard, performance.now() - start];
  })()`;
}

function makeWav(): Uint8Array {
  const { channels, sampleRate } = makeUp();
  const length = SECONDS * sampleRate;
  const clip = channels.map((channel) =>
    Float32Array.from({ length }, (_, i) => channel[i % channel.length] ?? 0)
  );
  const header = wavHeader(sampleRate, clip.length, "16", length);
  const bytes = new Uint8Array(header.length + 2 * clip.length * length);
  bytes.set(header);
  bytes.set(wavBytes(clip, "16"), header.length);
  return bytes;
}

async function main(folder: string) {
  const path = await makePlay(join(folder, "play.html"));
  const wav = join(folder, "ten-seconds.wav");
  writeFileSync(wav, makeWav());
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const isDone = `document.body.getAttribute("aria-busy") === "false"`;
    await page.goto(pathToFileURL(path).href);
    await waitFor(page, isDone);
    await page.locator("#file").setInputFiles(wav);
    await waitFor(
      page,
      `${isDone} && document.getElementById("facts").textContent.startsWith("ten")`,
    );
    const found = Object.keys(ROWS).map((name) => ({ name, heard: [0], shown: [0] }));
    for (let round = 0; round <= ROUNDS; round++) {
      for (const { name, heard, shown } of found) {
        const places = { ...DEFAULTS, ...ROWS[name] };
        const [toHear = NaN, toSee = NaN] = await page.evaluate<number[]>(measure(places));
        heard[round] = toHear;
        shown[round] = toSee;
      }
    }
    const warm = (values: number[]) => `${quantile(values.slice(1), 0.5).toFixed(0)} ms`;
    console.log(markdownTable([
      ["setting", "heard after", "seen and measured after"],
      ...found.map(({ name, heard, shown }) => [name, warm(heard), warm(shown)]),
    ], { align: ["l", "r", "r"] }));
  } finally {
    await browser.close();
  }
}

const folder = mkdtempSync(join(tmpdir(), "mp3-augment-play-bench-"));
try {
  await main(folder);
} finally {
  rmSync(folder, { recursive: true });
}
