// The browser that the report is tested in and photographed by.
// These types are client.js's too, which JSR allows no such lines.
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import process from "node:process";
import { chromium } from "playwright-core";
import { Failure, findChromium } from "../../scripts/tools.mjs";

/** @returns {Promise<import("playwright-core").Browser>} */
export function launchChromium() {
  const executablePath = findChromium();
  if (!executablePath) throw new Failure("there is no Chromium here: apt-get install chromium");
  // Chromium's own sandbox doesn't work as root.
  return chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 });
}
