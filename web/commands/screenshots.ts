/**
 * `pnpm screenshots`: starts Gatehouse with its sandbox in a folder of its own, fills it as a person would, and
 * takes the main screens, 1280 x 800, in both colour schemes, into docs/screens. `pnpm screenshots FOLDER WIDTH`
 * puts them elsewhere, in another width.
 */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Page } from "playwright-core";
import { HOW_TO_GET_CHROMIUM } from "../../api/commands/chromium.ts";
import { prepare } from "../../api/commands/prepare.ts";
import { hasChromium, launchChromium } from "../e2e/chromium.ts";
import { startGatehouse } from "../e2e/gatehouse.ts";
import { clickForPopup, consent, openPage, signUp } from "../e2e/steps.ts";

const schemes = ["light", "dark"] as const;
const folder = resolve(process.argv[2] ?? join(import.meta.dirname, "../../docs/screens"));
const width = Number(process.argv[3] ?? 1280);

if (!hasChromium) {
  console.error(HOW_TO_GET_CHROMIUM);
  process.exit(1);
}
await prepare({ say: (line) => console.log(line) });
mkdirSync(folder, { recursive: true });
await using gatehouse = await startGatehouse();
await using browser = await launchChromium();
const { page } = await openPage(browser);
await page.setViewportSize({ width, height: width < 600 ? 844 : 800 });

await signUp(page, gatehouse, "Ada Lovelace", "ada@example.com");
await page.getByRole("button", { name: "Try it with the sandbox" }).click();
await consent(await clickForPopup(page, page.getByRole("button", { name: "Connect Acme Notes" })));
await page.getByTestId("status").getByText("Connected", { exact: true }).waitFor();
await takeScreen("servers");

await page.getByRole("link", { name: "Acme Notes", exact: true }).click();
await page.getByText("Tools (6)").waitFor();
await takeScreen("server");

await page.getByRole("link", { name: /^list_notes/ }).click();
await page.getByLabel("limit").fill("2");
await page.getByRole("button", { name: "Run", exact: true }).click();
await page.getByTestId("result").getByText("Succeeded").waitFor();
await takeScreen("tool");

await visit(`/add?url=${encodeURIComponent(`${gatehouse.sandboxUrl}/weather/mcp`)}`);
await page.getByText("This URL is here already").waitFor();
await takeScreen("add");

for (const path of ["activity", "runs", "dashboard", "members"]) {
  await visit(`/${path}`);
  await page.locator("main h1").waitFor();
  await page.waitForFunction(() => document.querySelector("main [aria-busy=true]") === null);
  await takeScreen(path);
}

async function visit(path: string): Promise<void> {
  await page.goto(gatehouse.url + path);
}

async function takeScreen(name: string): Promise<void> {
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme });
    await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
    await settle(page);
    const file = join(folder, `${name}-${colorScheme}.png`);
    await page.screenshot({ path: file, animations: "disabled", caret: "hide" });
    console.log(file);
  }
}

/** Charts and badges are drawn in the frame after the last answer. */
async function settle(on: Page): Promise<void> {
  await on.waitForLoadState("networkidle");
  await on.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
  );
}
