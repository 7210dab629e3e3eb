import { chromium, type Browser } from "playwright-core";
import { findChromium } from "../../api/commands/chromium.ts";

/** Whether there is a Chromium to test with. The test command says how to get one. */
export const hasChromium = findChromium() !== null;

export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error("There is no Chromium");
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
