// npm run screenshots
//
// The README's pictures, docs/report.png and docs/play.png, from the recording that comes along.
// They take Debian's packages chromium and pngquant.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { Failure, findOnPath, needTool, root, run, runAsProgram } from "../../scripts/tools.mjs";
import { launchChromium } from "./chromium.ts";
import { recording, waitFor } from "./pages.ts";

const SIZE = { width: 1080, height: 900 };

interface Picture {
  readonly name: string;
  readonly page: string;
  /** Makes the page look like something. */
  readonly prepare: (page: Page) => Promise<void>;
}

async function photograph({ name, page: path, prepare }: Picture) {
  const browser = await launchChromium();
  const picture = join(root, "docs", name);
  try {
    const page = await browser.newPage({ viewport: SIZE, colorScheme: "light" });
    await page.goto(pathToFileURL(path).href);
    await waitFor(page, `document.getElementById("status").textContent === ""`);
    await prepare(page);
    await page.locator(".plot").first().click({ position: { x: 120, y: 60 } });
    await page.mouse.move(0, 0);
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: picture });
  } finally {
    await browser.close();
  }
  await shrink(picture);
}

/** To a palette, which takes a third of the size. */
async function shrink(picture: string) {
  const pngquant = findOnPath("pngquant");
  if (!pngquant) throw new Failure("there is no pngquant here: apt-get install pngquant");
  const options = ["128", "--speed", "1", "--force", "--strip", "--output", picture];
  const { code } = await run(pngquant, [...options, picture], { show: true });
  if (code !== 0) throw new Failure("pngquant failed");
}

async function playWithRecording(page: Page) {
  await page.locator("#file").setInputFiles(recording);
  await page.locator("#facts", { hasText: "lena.wav" }).waitFor();
  await page.locator("#bitrate").fill("5");
  await page.getByText("Mel").click();
  await waitFor(page, `document.body.getAttribute("aria-busy") === "false"`);
}

await runAsProgram(import.meta.url, async () => {
  const folder = mkdtempSync(join(tmpdir(), "mp3-augment-report-"));
  try {
    const report = join(folder, "report.html");
    const args = ["run", join(root, "cli", "main.ts"), "report", recording, "-o", report];
    const { code } = await run(needTool("bun"), args, { show: true });
    if (code !== 0) return code;
    await photograph({
      name: "report.png",
      page: report,
      prepare: (page) => page.getByLabel("48 kbps").check({ force: true }),
    });
    const play = join(root, "docs", "play.html");
    await photograph({ name: "play.png", page: play, prepare: playWithRecording });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
