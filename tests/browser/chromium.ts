/** The browser that the pages are tested in and photographed by. */
import process from "node:process";
import { type Browser, chromium } from "playwright-core";
import { Failure, findChromium } from "../../scripts/tools.mjs";

/** @param args switches of Chromium's */
export function launchChromium(args: string[] = []): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Failure("there is no Chromium here: apt-get install chromium");
  // Chromium's own sandbox doesn't work as root.
  return chromium.launch({ executablePath, args, chromiumSandbox: process.getuid?.() !== 0 });
}
