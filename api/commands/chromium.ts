/** Finds the browser for the browser tests. */
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const MACOS_APPS = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];
const IN_PLAYWRIGHT_BUILD = [
  "chrome-linux/chrome",
  "chrome-linux64/chrome",
  "chrome-mac/Chromium.app/Contents/MacOS/Chromium",
  "chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
  "chrome-mac-x64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
];

export const HOW_TO_GET_CHROMIUM =
  "Install one (`apt-get install chromium`, `npx playwright-core install chromium`, or Google Chrome), or set CHROMIUM to its path.";

/** The path of a Chromium: `CHROMIUM`, the system's, an application of macOS, or Playwright's newest; null when there is none. */
export function findChromium(): string | null {
  const { CHROMIUM, PATH = "" } = process.env;
  const onPath = PATH.split(delimiter).flatMap((dir) => NAMES.map((name) => join(dir, name)));
  const candidates = [
    ...(CHROMIUM ? [CHROMIUM] : []),
    ...onPath,
    ...MACOS_APPS,
    ...listPlaywright(),
  ];
  return candidates.find((path) => existsSync(path)) ?? null;
}

function listPlaywright(): string[] {
  const caches = [
    join(homedir(), ".cache/ms-playwright"),
    join(homedir(), "Library/Caches/ms-playwright"),
  ];
  return caches
    .filter((cache) => existsSync(cache))
    .flatMap((cache) =>
      readdirSync(cache)
        .toSorted()
        .toReversed()
        .map((name) => join(cache, name)),
    )
    .filter((build) => /chromium-\d+$/.test(build))
    .flatMap((build) => IN_PLAYWRIGHT_BUILD.map((path) => join(build, path)));
}
