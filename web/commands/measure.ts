/**
 * `pnpm measure`: what a person waits for, in a real Chromium, beside the goals. Starts Gatehouse with its sandbox in a folder
 * of its own; takes about a minute. `pnpm measure ROUNDS` repeats the timed parts as often (5).
 */
import type { Browser, CDPSession, Page } from "playwright-core";
import { HOW_TO_GET_CHROMIUM } from "../../api/commands/chromium.ts";
import { prepare } from "../../api/commands/prepare.ts";
import { hasChromium, launchChromium } from "../e2e/chromium.ts";
import { startGatehouse, type Gatehouse } from "../e2e/gatehouse.ts";
import {
  clickForPopup,
  endGrants,
  findStatus,
  openPage,
  signInAtAcme,
  signUp,
} from "../e2e/steps.ts";
import { printMeasures, readQuantile, type Measure } from "./print-measures.ts";

const rounds = Number(process.argv[2] ?? 5);

if (!hasChromium) {
  console.error(HOW_TO_GET_CHROMIUM);
  process.exit(1);
}
await prepare({ say: (line) => console.log(line) });
await using gatehouse = await startGatehouse();
await using browser = await launchChromium();
const measures: Measure[] = [
  ...(await measureFirstLoad(browser, gatehouse)),
  ...(await measureMainJob(browser, gatehouse)),
];
printMeasures(measures);

/** LCP and weight of the servers screen with nothing cached: fast 4G (as in Lighthouse) and a processor that is four times slower. */
async function measureFirstLoad(on: Browser, { url }: Gatehouse): Promise<Measure[]> {
  const paints: number[] = [];
  const bare: number[] = [];
  let transferred = 0;
  for (let round = 0; round < rounds; round += 1) {
    const { page, context } = await openPage(on);
    await signUp(page, gatehouse);
    const devtools = await context.newCDPSession(page);
    bare.push(await measurePaint(page, `${url}/healthz`, devtools));
    let bytes = 0;
    devtools.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
    paints.push(await measurePaint(page, url, devtools));
    transferred = Math.max(transferred, bytes);
    await context.close();
  }
  const paint = readQuantile(paints, 0.5);
  return [
    { name: "Largest contentful paint, median", value: paint, unit: "ms", goal: 1_500 },
    {
      name: "The same of an empty page, as a yardstick",
      value: readQuantile(bare, 0.5),
      unit: "ms",
    },
    {
      name: "First route, all that is transferred",
      value: transferred / 1024,
      unit: "KiB",
      goal: 230,
    },
  ];
}

/** Milliseconds from the navigation to the largest paint, on a slow device that has cached nothing. */
async function measurePaint(page: Page, url: string, devtools: CDPSession): Promise<number> {
  await devtools.send("Network.enable");
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  await devtools.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 40,
    downloadThroughput: (10_240 * 1024) / 8,
    uploadThroughput: (5_120 * 1024) / 8,
  });
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await page.goto(url);
  await page.waitForLoadState("networkidle");
  const paintedMs = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        new PerformanceObserver((list) => {
          resolve(list.getEntries().at(-1)?.startTime ?? Number.NaN);
        }).observe({ type: "largest-contentful-paint", buffered: true });
      }),
  );
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 1 });
  await devtools.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: -1,
  });
  return paintedMs;
}

/** From a pasted URL to a result, then consent after consent. */
async function measureMainJob(on: Browser, to: Gatehouse): Promise<Measure[]> {
  const { page, context } = await openPage(on);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await signUp(page, to);
  const clicks = await countClicks(page);
  await page.evaluate((url) => navigator.clipboard.writeText(url), `${to.sandboxUrl}/notes/mcp`);
  await page.getByLabel("Server URL").press("ControlOrMeta+V");
  await page.getByText("Protected by OAuth").waitFor();
  const popup = await clickForPopup(page, page.getByRole("button", { name: "Add and connect" }));
  const badges = [await measureBadge(page, popup)];
  await page.getByRole("link", { name: /^list_notes/ }).click();
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.getByTestId("result").getByText("Succeeded").waitFor();
  const clicked = await clicks();

  const ambers: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await endGrants(context, to);
    const answered = page.waitForResponse(
      (response) =>
        new URL(response.url()).pathname === "/graphql" &&
        (response.request().postData()?.includes("ExecuteTool") ?? false),
    );
    await page.getByRole("button", { name: /^Run/ }).click();
    await answered;
    const met = performance.now();
    const reconnect = page.getByRole("button", { name: "Reconnect" });
    await reconnect.waitFor();
    ambers.push(performance.now() - met);
    const again = await clickForPopup(page, reconnect);
    await signInAtAcme(again);
    badges.push(await measureReturn(page, again));
  }
  await context.close();
  return [
    { name: "Pasted URL to first tool result, clicks of ours", value: clicked, unit: "", goal: 3 },
    { name: "Callback to badge, p95", value: readQuantile(badges, 0.95), unit: "ms", goal: 500 },
    { name: "Callback to badge, median", value: readQuantile(badges, 0.5), unit: "ms" },
    {
      name: "Refused call to amber banner, slowest",
      value: Math.max(...ambers),
      unit: "ms",
      goal: 1_000,
    },
  ];
}

/** Milliseconds from the callback's arrival at Gatehouse to the green badge on the page that asked. */
async function measureBadge(page: Page, popup: Page): Promise<number> {
  return measureUntil(popup, () => findStatus(page, "Connected").waitFor());
}

async function measureReturn(page: Page, popup: Page): Promise<number> {
  return measureUntil(popup, () => page.getByText("Connected again").waitFor());
}

async function measureUntil(popup: Page, arrive: () => Promise<void>): Promise<number> {
  let calledMs = Number.NaN;
  popup.on("request", (request) => {
    if (new URL(request.url()).pathname === "/oauth/callback") calledMs = performance.now();
  });
  await signInAtAcme(popup);
  const allow = popup.getByRole("button", { name: "Allow" });
  await allow.or(popup.locator("#login")).first().waitFor();
  await signInAtAcme(popup);
  await allow.click();
  await arrive();
  return performance.now() - calledMs;
}

/** Counts the clicks on our own page. */
async function countClicks(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const counted = window as unknown as { clicks: number };
    counted.clicks = 0;
    addEventListener("click", () => (counted.clicks += 1), { capture: true });
  });
  return () => page.evaluate(() => (window as unknown as { clicks: number }).clicks);
}
