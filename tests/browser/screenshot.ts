// npm run report:screenshot
//
// The README's picture of the report, docs/report.png, from the recording that comes along. It takes
// Debian's packages chromium and pngquant.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Failure, findOnPath, needTool, root, run, runAsProgram } from "../../scripts/tools.mjs";
import { launchChromium } from "./chromium.ts";

const SIZE = { width: 1080, height: 960 };
const picture = join(root, "docs", "report.png");

/** @param report the page's path */
async function photograph(report: string) {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: SIZE, colorScheme: "light" });
    await page.goto(pathToFileURL(report).href);
    await page.getByText("Unpacking").waitFor({ state: "hidden" });
    await page.getByLabel("48 kbps").check({ force: true });
    await page.locator(".plot").first().click({ position: { x: 120, y: 60 } });
    await page.mouse.move(0, 0);
    await page.screenshot({ path: picture });
  } finally {
    await browser.close();
  }
}

/** To a palette, which takes a third of the size. */
async function shrink() {
  const pngquant = findOnPath("pngquant");
  if (!pngquant) throw new Failure("there is no pngquant here: apt-get install pngquant");
  const options = ["256", "--speed", "1", "--force", "--strip", "--output", picture];
  const { code } = await run(pngquant, [...options, picture], { show: true });
  if (code !== 0) throw new Failure("pngquant failed");
}

await runAsProgram(import.meta.url, async () => {
  const folder = mkdtempSync(join(tmpdir(), "mp3-augment-report-"));
  try {
    const input = fileURLToPath(new URL("lena.wav", import.meta.resolve("audio-lena")));
    const report = join(folder, "report.html");
    const args = ["run", join(root, "cli", "main.ts"), "report", input, "-o", report];
    const { code } = await run(needTool("bun"), args, { show: true });
    if (code !== 0) return code;
    await photograph(report);
    await shrink();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
