import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { hasChromium, launchChromium } from "./chromium.ts";
import { findFaults } from "./find-faults.ts";
import { addServer, clickForPopup, consent, endGrants, openPage, signUp } from "./steps.ts";

/** A busy machine draws late. */
const patience = { timeout: 45_000 };

describe.skipIf(!hasChromium)("activity, runs and the dashboard", { timeout: 300_000 }, () => {
  const gatehouse = inject("gatehouse");
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  /** A person with a connected server, on its page. */
  async function openConnected() {
    const opened = await openPage(browser);
    opened.context.setDefaultTimeout(patience.timeout);
    await signUp(opened.page, gatehouse);
    await addServer(opened.page, `${gatehouse.sandboxUrl}/notes/mcp`, "Acme Notes");
    await consent(
      await clickForPopup(
        opened.page,
        opened.page.getByRole("button", { name: "Connect Acme Notes" }),
      ),
    );
    await opened.page.getByText("Tools (6)").waitFor();
    return opened;
  }

  /** From the server's page; ends on the tool's. */
  async function runListNotes(page: Page, limit: string) {
    await page.getByRole("link", { name: /^list_notes/ }).click();
    await page.getByLabel("limit").fill(limit);
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByTestId("result").getByText("Succeeded").waitFor();
  }

  const rows = (page: Page) => page.locator("li[data-event]");

  it("E1 the log is live, waits while one reads below, and can be narrowed, shared and exported", async () => {
    const { page, context, faults } = await openConnected();
    const serverUrl = page.url();
    await page.goto(`${gatehouse.url}/activity`);
    await page.getByText(/connected an account of their own at Acme Notes\./).waitFor();
    expect(await rows(page).first().getByRole("link", { name: "Acme Notes" }).count()).toBe(1);
    expect(await findFaults(page, "activity", true)).toEqual([]);

    // Another tab runs a tool: it appears at the top without a reload.
    const other = await context.newPage();
    await other.goto(serverUrl);
    await runListNotes(other, "2");
    await page.getByText(/^Ada Lovelace ran/).waitFor();

    // A reader further down is left alone.
    await page.setViewportSize({ width: 390, height: 220 });
    await page.evaluate(() => window.scrollTo({ top: 400 }));
    await expect.poll(() => page.evaluate(() => window.scrollY), patience).toBeGreaterThan(120);
    const before = await rows(page).count();
    await other.getByRole("button", { name: "Run again" }).click();
    await page.getByRole("button", { name: "1 new event" }).waitFor();
    expect(await rows(page).count()).toBe(before);
    await page.getByRole("button", { name: "1 new event" }).click();
    await expect.poll(() => rows(page).count(), patience).toBe(before + 1);
    expect(await page.locator("li[data-event=TOOL_EXECUTED]").count()).toBe(2);
    await page.setViewportSize({ width: 1280, height: 860 });

    await page.getByLabel("Kind of event").selectOption({ label: "A tool ran" });
    await page.waitForURL(/\?type=TOOL_EXECUTED$/);
    await expect.poll(() => rows(page).count(), patience).toBe(2);
    await page.getByLabel("Server").selectOption({ label: "Acme Notes" });
    await page.getByRole("switch", { name: "Only mine" }).click();
    await page.waitForURL(/mine=1/);
    await page.reload();
    await expect.poll(() => rows(page).count(), patience).toBe(2);

    await page.getByRole("button", { name: "Export" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: /JSON/ }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^gatehouse-events-.*\.json$/);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    const exported = JSON.parse(Buffer.concat(chunks).toString()) as { type: string }[];
    expect(exported.map(({ type }) => type)).toEqual(["TOOL_EXECUTED", "TOOL_EXECUTED"]);

    await page
      .getByLabel("Kind of event")
      .selectOption({ label: "An API token is made or revoked" });
    await page.getByText("No event fits.").waitFor();
    expect(await findFaults(page, "activity without a match")).toEqual([]);
    await page.getByRole("button", { name: "Show all" }).click();
    await page.locator("li[data-event=SERVER_CREATED]").waitFor();

    await page.goto(`${serverUrl}?tab=activity`);
    await page.locator("li[data-event=SERVER_CREATED]").waitFor();
    expect(await page.locator("li[data-event=MEMBER_CHANGED]").count()).toBe(0);
    expect(await page.getByLabel("Server", { exact: true }).count()).toBe(0);
    expect(await findFaults(page, "a server's activity")).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });

  it("E7 says what is wrong when the log cannot be read, and reads it when asked again", async () => {
    const { page, context } = await openPage(browser);
    await signUp(page, gatehouse);
    let isDown = true;
    await page.route("**/graphql", (route) =>
      isDown && route.request().postData()?.includes("ActivityPage")
        ? route.abort()
        : route.continue(),
    );
    await page.goto(`${gatehouse.url}/activity`);
    await page.getByText("Gatehouse cannot be reached.").waitFor();
    isDown = false;
    await page.getByRole("button", { name: "Try again" }).click();
    await rows(page).first().waitFor();
    await context.close();
  });

  it("a run has an address of its own, and can be run again with the same arguments", async () => {
    const { page, context, faults } = await openConnected();
    await page.goto(`${gatehouse.url}/runs`);
    await page.getByText("No tool has run yet.").waitFor();
    expect(await findFaults(page, "no runs")).toEqual([]);
    await page.getByRole("link", { name: "Servers" }).first().click();
    await page.getByRole("link", { name: "Acme Notes" }).click();
    await runListNotes(page, "3");
    await page.goto(`${gatehouse.url}/runs`);
    const row = page.locator("li[data-run=list_notes]");
    await row.getByText("Succeeded").waitFor();
    expect(await findFaults(page, "runs", true)).toEqual([]);
    await page.getByLabel("Outcome").selectOption({ label: "Failed" });
    await page.waitForURL(/\?status=FAILED$/);
    await page.getByText("No run fits.").waitFor();
    await page.getByRole("button", { name: "Show all" }).click();
    await page.getByLabel("Tool", { exact: true }).fill("list_notes");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\?tool=list_notes$/);

    await row.getByRole("link").click();
    await page.getByRole("heading", { level: 1, name: "list_notes" }).waitFor();
    expect(
      JSON.parse(await page.getByRole("region", { name: "What was sent" }).innerText()),
    ).toEqual({ limit: 3 });
    await page.getByText("Ada Lovelace's own").waitFor();
    await page.getByTestId("result").getByText("Succeeded").waitFor();
    expect(await findFaults(page, "run")).toEqual([]);
    const runUrl = page.url();
    await page.getByRole("button", { name: "Run again" }).click();
    await page.waitForURL(/\/t\/list_notes$/);
    expect(JSON.parse(await page.getByLabel("Arguments as JSON").inputValue())).toEqual({
      limit: 3,
    });

    await page.route("**/graphql", async (route) => {
      if (!route.request().postData()?.includes("RunPage")) return route.continue();
      const response = await route.fetch();
      const answer = (await response.json()) as { data: { toolExecution: object | null } };
      const erased = { contentExpiresAt: null, arguments: null, content: null };
      Object.assign(answer.data.toolExecution ?? {}, erased);
      return route.fulfill({ response, json: answer });
    });
    await page.goto(runUrl);
    await page.getByText("Arguments and result are erased").waitFor();
    expect(await findFaults(page, "erased run")).toEqual([]);
    await page.unroute("**/graphql");
    await page.goto(`${gatehouse.url}/runs/nonsense`);
    await page.getByRole("heading", { name: "No such run" }).waitFor();

    const stranger = await openPage(browser);
    await signUp(stranger.page, gatehouse, "Eve");
    await stranger.page.goto(runUrl);
    await stranger.page.getByRole("heading", { name: "No such run" }).waitFor();
    await stranger.context.close();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("the dashboard counts live, shows each chart's numbers, and who needs to sign in", async () => {
    const { page, context, faults } = await openConnected();
    const serverUrl = page.url();
    await page.goto(`${gatehouse.url}/dashboard`);
    await page.getByText("Every account works").waitFor();
    await page.getByText("0 tool calls").waitFor();
    await page.locator("canvas").first().waitFor();
    expect(await findFaults(page, "empty dashboard")).toEqual([]);

    const other = await context.newPage();
    await other.goto(serverUrl);
    await runListNotes(other, "2");
    await page.getByText("1 tool call", { exact: true }).waitFor();
    expect(await page.locator("canvas").count()).toBe(3);
    await page
      .getByRole("region", { name: "Runs by server, table" })
      .getByText("Acme Notes")
      .waitFor();

    await page.getByText("1 hour", { exact: true }).click();
    await page.waitForURL(/\?range=1h$/);
    const runs = page.getByRole("region", { name: "Runs over time", exact: true });
    await runs.getByRole("button", { name: "As a table" }).click();
    await expect.poll(() => runs.getByRole("row").count(), patience).toBe(61);
    const counts = await runs.locator("tbody tr td:nth-child(2)").allInnerTexts();
    expect(counts.filter((count) => count === "1")).toHaveLength(1);

    await endGrants(context, gatehouse);
    await other.getByRole("button", { name: "Run again" }).click();
    await page.getByText("Your account at").waitFor();
    await page.getByText(/^Since /).waitFor();
    expect(await findFaults(page, "dashboard", true)).toEqual([]);
    await consent(
      await clickForPopup(page, page.getByRole("button", { name: "Reconnect Acme Notes" })),
    );
    await page.getByText("Every account works").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });
});
