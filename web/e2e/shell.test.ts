import type { Browser, Locator, Page, Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { hasChromium, launchChromium } from "./chromium.ts";
import { findFaults } from "./find-faults.ts";
import { clickForPopup, consent, openPage, signInAtAcme, signUp } from "./steps.ts";

const paused = "What you see may be old.";

describe.skipIf(!hasChromium)("the frame of all screens", () => {
  const gatehouse = inject("gatehouse");
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  async function openWithSandbox(options: Parameters<typeof openPage>[1] = {}) {
    const opened = await openPage(browser, options);
    await signUp(opened.page, gatehouse);
    await opened.page.getByRole("button", { name: "Try it with the sandbox" }).click();
    await opened.page.getByRole("link", { name: "Acme Notes", exact: true }).waitFor();
    return opened;
  }

  it("the palette finds servers, screens and commands by their words", async () => {
    const { page, context, faults } = await openWithSandbox();
    const search = page.getByRole("textbox", { name: "Search and commands" });
    await page.keyboard.press("Control+k");
    await search.waitFor();
    await page.getByRole("button", { name: "Diagnose" }).waitFor();
    expect(await findFaults(page, "palette")).toEqual([]);
    await search.fill("weather");
    await page.getByRole("dialog").getByRole("button", { name: "Acme Weather" }).waitFor();
    await expect.poll(() => page.getByRole("dialog").getByRole("button").count()).toBe(1);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Acme Weather" }).waitFor();

    await page.getByRole("button", { name: "Search", exact: false }).first().click();
    await search.fill("dark");
    await page.getByRole("dialog").getByRole("button", { name: "Use the dark theme" }).waitFor();
    await page.keyboard.press("Enter");
    await page.locator("html[data-mantine-color-scheme=dark]").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("shortcuts go places, but never while one types", async () => {
    const { page, context, faults } = await openPage(browser);
    await signUp(page, gatehouse);
    const url = page.getByLabel("Server URL");
    await url.focus();
    await page.keyboard.type("gd?/ga");
    expect(await url.inputValue()).toBe("gd?/ga");
    expect(new URL(page.url()).pathname).toBe("/");
    await url.blur();
    await page.keyboard.press("g");
    await page.keyboard.press("a");
    await page.waitForURL(/\/activity$/);
    await page.keyboard.press("g");
    await page.keyboard.press("s");
    await page.getByRole("heading", { name: "Connect your first server" }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog").getByText("Keyboard shortcuts").waitFor();
    expect(await findFaults(page, "help sheet")).toEqual([]);
    await page.getByRole("switch", { name: "Single-key shortcuts" }).click();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("g");
    await page.keyboard.press("a");
    await page.keyboard.press("Control+k");
    await page.getByRole("textbox", { name: "Search and commands" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/");
    expect(faults).toEqual([]);
    await context.close();
  });

  it("the main job needs no mouse: from a URL to a result", async () => {
    const { page, context, faults } = await openPage(browser);
    await signUp(page, gatehouse);
    await tabTo(page, page.getByLabel("Server URL"));
    await page.keyboard.type(`${gatehouse.sandboxUrl}/notes/mcp`);
    await page.keyboard.press("Enter");
    await page.getByText("Protected by OAuth").waitFor();
    await tabTo(page, page.getByRole("button", { name: "Add and connect" }));
    const [popup] = await Promise.all([page.waitForEvent("popup"), page.keyboard.press("Enter")]);
    const allow = popup.getByRole("button", { name: "Allow" });
    await allow.or(popup.locator("#login")).first().waitFor();
    await signInAtAcme(popup);
    await allow.waitFor();
    await tabTo(popup, allow);
    await popup.keyboard.press("Enter");
    const tool = page.getByRole("link", { name: /^list_notes/ });
    await tool.waitFor();
    await tabTo(page, tool);
    await page.keyboard.press("Enter");
    const run = page.getByRole("button", { name: "Run", exact: true });
    await run.waitFor();
    await tabTo(page, run);
    await page.keyboard.press("Enter");
    await page.getByTestId("result").getByText("Succeeded").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("at 390 px the menu leads everywhere, and the open screen is marked", async () => {
    const { page, context, faults } = await openWithSandbox({ width: 390 });
    await page.getByRole("button", { name: "Open the menu" }).click();
    const menu = page.getByRole("dialog");
    await menu.getByRole("link", { name: "Servers" }).waitFor();
    expect(await menu.locator("[aria-current=page]").allTextContents()).toEqual(["Servers"]);
    expect(await findFaults(page, "menu")).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    await menu.getByRole("link", { name: "Activity" }).click();
    await page.waitForURL(/\/activity$/);
    await menu.waitFor({ state: "detached" });
    expect(faults).toEqual([]);
    await context.close();
  });

  it("says when the browser is offline, keeps what is there and what was typed, and recovers", async () => {
    const { page, context } = await openPage(browser);
    await signUp(page, gatehouse);
    await page.getByLabel("Server URL").fill("https://mcp.exam");
    await context.setOffline(true);
    await page.getByTestId("stale").getByText(paused).waitFor();
    expect(await findFaults(page, "offline")).toEqual([]);
    expect(await page.getByLabel("Server URL").inputValue()).toBe("https://mcp.exam");
    await context.setOffline(false);
    await page.getByTestId("stale").waitFor({ state: "detached" });
    expect(await page.getByLabel("Server URL").inputValue()).toBe("https://mcp.exam");
    await context.close();
  });

  it("E7 a failed reload keeps the last good list, marked as old and without alarm", async () => {
    const { page, context } = await openWithSandbox();
    const row = page.getByRole("link", { name: "Acme Notes", exact: true });
    await row.click();
    await page.getByRole("heading", { level: 1, name: "Acme Notes" }).waitFor();
    let down = true;
    await routeOperation(page, "ServerList", (route) =>
      down ? route.fulfill({ status: 503, body: "" }) : route.continue(),
    );
    await page.getByRole("link", { name: "Servers" }).first().click();
    await page.getByTestId("stale-notice").getByText(paused).waitFor();
    expect(await row.count()).toBe(1);
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(await findFaults(page, "stale list")).toEqual([]);
    down = false;
    // It is tried again by itself.
    await page.getByTestId("stale-notice").waitFor({ state: "detached" });
    expect(await row.count()).toBe(1);
    await context.close();
  });

  it("E5 a change under way shows at once, and holds up no other row", async () => {
    const { page, context } = await openWithSandbox();
    const held: Route[] = [];
    await routeOperation(page, "ChangeServer", (route) => void held.push(route));
    const notes = page.locator("[data-server='Acme Notes']");
    const weather = page.locator("[data-server='Acme Weather']");
    await turnOff(page, "Acme Notes");
    await notes.getByText("Turned off").waitFor();
    await expect.poll(() => held.length).toBe(1);
    expect(await weather.getByRole("button", { disabled: true }).count()).toBe(0);
    await turnOff(page, "Acme Weather");
    await weather.getByText("Turned off").waitFor();
    await expect.poll(() => held.length).toBe(2);
    await held[1]?.continue();
    await held[0]?.fulfill({
      status: 200,
      contentType: "application/json",
      body: '{"errors":[{"message":"No","extensions":{"code":"FORBIDDEN"}}]}',
    });
    await page.getByText("Acme Notes is still on").waitFor();
    await notes.getByText("Not connected").waitFor();
    expect(await weather.getByText("Turned off").count()).toBe(1);
    await context.close();
  });

  it("renames in the row, and keeps search and filter in the address", async () => {
    const { page, context, faults } = await openWithSandbox();
    await page.getByRole("button", { name: "More about Acme Notes" }).click();
    await page.getByRole("menuitem", { name: "Rename" }).click();
    await page.getByLabel("New name").fill("My notes");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "My notes", exact: true }).waitFor();
    await page.goto(`${gatehouse.url}/?q=weather`);
    await page.getByRole("link", { name: "Acme Weather", exact: true }).waitFor();
    expect(await page.getByRole("link", { name: "My notes", exact: true }).count()).toBe(0);
    const search = page.getByLabel("Search servers");
    await search.focus();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("notes", { delay: 30 });
    await page.getByRole("link", { name: "My notes", exact: true }).waitFor();
    expect(await search.inputValue()).toBe("notes");
    expect(new URL(page.url()).search).toBe("?q=notes");
    await page.goto(`${gatehouse.url}/?show=sign-in`);
    await page.getByText("No server fits.").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("remembers the workspace that was chosen", async () => {
    const { page, context, faults } = await openWithSandbox();
    await page.evaluate(async () => {
      const query = 'mutation { createWorkspace(input: { name: "Second floor" }) { id } }';
      const body = JSON.stringify({ query });
      const headers = { "content-type": "application/json" };
      await fetch("/graphql", { method: "POST", headers, body });
    });
    await page.reload();
    await page.getByRole("button", { name: /change workspace/ }).click();
    await page.getByRole("menuitem", { name: "Second floor" }).click();
    await page.getByRole("heading", { name: "Connect your first server" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Connect your first server" }).waitFor();
    await page.getByRole("button", { name: "Second floor, change workspace" }).waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("imports an mcp.json row by row, skips what is here, and shows no secret", async () => {
    const { page, context, faults } = await openWithSandbox();
    await page.goto(`${gatehouse.url}/import`);
    const url = `${gatehouse.sandboxUrl}/notes/mcp`;
    await page.getByLabel("mcp.json", { exact: true }).fill(
      `{ // mine
        "mcpServers": {
          "notes": { "url": "${url}" },
          "files": { "command": "npx", "args": ["files", "--token=tok-777"] },
          "keyed": { "url": "${url}?team=1", "headers": { "Authorization": "Bearer sec-777" } },
          "asked": { "url": "${url}?team=2", "headers": { "Authorization": "Bearer \${env:KEY}" } },
        },
      }`,
    );
    await page.getByRole("button", { name: "Preview" }).click();
    await page.locator("[data-entry=notes]").getByText("Is here already").waitFor();
    await page.locator("[data-entry=files]").getByText("cannot be used here").waitFor();
    await page.locator("[data-entry=keyed]").getByText("value hidden").waitFor();
    expect(await page.content()).not.toContain("777");
    expect(await findFaults(page, "import")).toEqual([]);
    await page.getByRole("button", { name: "Add 2 servers" }).click();
    await page.locator("[data-entry=keyed]").getByText("Added", { exact: true }).waitFor();
    await page.locator("[data-entry=asked]").getByText("Fill in its values first.").waitFor();
    await page.getByLabel("${env:KEY}").fill("k");
    await page.getByRole("button", { name: "Add 1 server" }).click();
    await page.locator("[data-entry=asked]").getByText("Added", { exact: true }).waitFor();
    await page.getByRole("link", { name: "To your servers" }).click();
    await page.getByRole("link", { name: "keyed", exact: true }).waitFor();

    await page.goto(`${gatehouse.url}/import`);
    await page.getByText("VS Code", { exact: true }).click();
    await page.getByText('"id": "keyed-authorization"').waitFor();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download" }).click(),
    ]);
    expect(file.suggestedFilename()).toBe("mcp.json");
    expect(faults).toEqual([]);
    await context.close();
  });

  it("a run shows its progress and can be cancelled; its policy and snippets are beside it", async () => {
    const { page, context, faults } = await openWithSandbox();
    const connect = page.getByRole("button", { name: "Connect Acme Notes" });
    await consent(await clickForPopup(page, connect));
    await page.getByTestId("status").getByText("Connected", { exact: true }).waitFor();
    await page.getByRole("link", { name: "Acme Notes", exact: true }).click();
    await page.getByRole("link", { name: /^count_slowly/ }).click();
    await page.getByLabel("to", { exact: true }).fill("1000");
    await page.getByLabel("delayMs").fill("50");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByRole("progressbar", { name: "Progress" }).waitFor();
    await page.getByText(/of 1000\. Counted to/).waitFor();
    expect(await findFaults(page, "running tool")).toEqual([]);

    // Whoever comes back finds it again: going on, and afterwards how it ended.
    const earlier = page.getByText("before this page was opened");
    await page.getByRole("link", { name: "Acme Notes", exact: true }).click();
    await page.getByRole("link", { name: /^count_slowly/ }).click();
    await earlier.waitFor();
    await page.getByText(/of 1000\. Counted to/).waitFor();
    await page.getByRole("button", { name: "Cancel run" }).click();
    await page.getByTestId("result").getByText("Cancelled", { exact: true }).waitFor();
    await page.reload();
    await page.getByTestId("result").getByText("Cancelled", { exact: true }).waitFor();
    await earlier.waitFor();
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByText(/of 1000\. Counted to/).waitFor();
    expect(await earlier.count()).toBe(0);
    await page.getByRole("button", { name: "Cancel run" }).click();
    await page.getByTestId("result").getByText("Cancelled", { exact: true }).waitFor();

    const snippet = page.getByRole("region", { name: "Snippet for curl" });
    expect(await snippet.textContent()).toContain('"arguments":{"to":1000,"delayMs":50}');
    await page.getByText("Deny", { exact: true }).click();
    await page.getByText("Nobody can run it.").waitFor();
    await page.getByRole("button", { name: "Approve as it is now" }).click();
    await page.getByText(/^Approved .* by Ada Lovelace/).waitFor();
    await page.getByText("This tool cannot run, because it is denied.").waitFor();
    expect(await page.getByRole("button", { name: /^Run/ }).count()).toBe(0);
    expect(await findFaults(page, "tool that is denied")).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });
});

async function turnOff(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: `More about ${name}` }).click();
  await page.getByRole("menuitem", { name: "Turn off" }).click();
}

/** Tab until it has the focus; fails where Tab never gets there. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error("Tab does not get there");
}

function routeOperation(
  page: Page,
  operationName: string,
  handle: (route: Route) => unknown,
): Promise<unknown> {
  return page.route("**/graphql", async (route) => {
    const body = route.request().postDataJSON() as { operationName?: string } | null;
    if (body?.operationName === operationName) await handle(route);
    else await route.fallback();
  });
}
