import type { Browser, WebSocketRoute } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { hasChromium, launchChromium } from "./chromium.ts";
import { addServer, clickForPopup, consent, findStatus, openPage, signUp } from "./steps.ts";

type Subscribe = {
  type?: string;
  payload?: { operationName?: string; variables?: { after?: string } };
};

describe.skipIf(!hasChromium)("live updates", () => {
  const gatehouse = inject("gatehouse");
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  it("E1 resumes with the last cursor seen, and shows what happened while it was cut off", async () => {
    const { page, context } = await openPage(browser);
    const cursors: (string | undefined)[] = [];
    const open = new Set<WebSocketRoute>();
    let cut = false;
    const firstEvent = Promise.withResolvers<void>();
    await page.routeWebSocket(/\/graphql$/, (socket) => {
      if (cut) return void socket.close({ code: 1012 });
      const server = socket.connectToServer();
      open.add(socket);
      server.onMessage((message) => {
        socket.send(message);
        if (String(message).includes('"authStateChanged"')) firstEvent.resolve();
      });
      socket.onMessage((message) => {
        const { type, payload } = JSON.parse(String(message)) as Subscribe;
        if (type === "subscribe" && payload?.operationName === "AuthStateChanged") {
          cursors.push(payload.variables?.after);
        }
        server.send(message);
      });
    });
    await signUp(page, gatehouse);
    await addServer(page, `${gatehouse.sandboxUrl}/notes/mcp`, "Acme Notes");
    await consent(
      await clickForPopup(page, page.getByRole("button", { name: "Connect Acme Notes" })),
    );
    await findStatus(page, "Connected").waitFor();
    await firstEvent.promise;

    cut = true;
    for (const socket of open) await socket.close({ code: 1012 });
    await page.getByText("Live updates paused").first().waitFor();
    const elsewhere = await context.newPage();
    await elsewhere.goto(page.url());
    await elsewhere.getByRole("button", { name: "Disconnect" }).click();
    await elsewhere.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
    await findStatus(elsewhere, "Not connected").waitFor();
    expect(await findStatus(page, "Connected").count()).toBe(1);

    cut = false;
    await findStatus(page, "Not connected").waitFor();
    expect(cursors).toHaveLength(2);
    expect(cursors[1]).toBeTypeOf("string");
    expect(cursors[1]).not.toBe(cursors[0]);
    await context.close();
  });

  it("goes to the sign-in page and back when nobody is signed in", async () => {
    const { page, context } = await openPage(browser);
    await page.goto(`${gatehouse.url}/add?url=https%3A%2F%2Fmcp.example.com`);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.getByRole("link", { name: "Create an account" }).click();
    await page.getByLabel("Name").fill("Grace Hopper");
    await page.getByLabel("Email").fill("grace@example.com");
    await page.getByLabel("Password", { exact: true }).fill("correct horse battery staple");
    await page.getByRole("button", { name: "Create account" }).click();
    await page.waitForURL(/\/add\?url=/);
    expect(await page.getByLabel("URL").inputValue()).toBe("https://mcp.example.com");

    await page.getByRole("button", { name: "Account of Grace Hopper" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.waitForURL(/\/sign-in$/);
    await page.goto(`${gatehouse.url}/sign-in?next=//evil.example/`);
    await page.getByLabel("Email").fill("grace@example.com");
    await page.getByLabel("Password", { exact: true }).fill("correct horse battery staple");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Servers", exact: true }).waitFor();
    expect(new URL(page.url()).origin).toBe(gatehouse.url);
    await context.close();
  });

  it("shows what is wrong with the input at its field", async () => {
    const { page, context } = await openPage(browser);
    await signUp(page, gatehouse);
    await page.goto(`${gatehouse.url}/add`);
    const url = page.getByLabel("URL");
    const add = page.getByRole("button", { name: /^(Add server|Only add)$/ });
    const findFault = () => url.and(page.locator("[aria-invalid=true]"));
    for (const wrong of [
      "nonsense",
      "ftp://files.example.com",
      "https://user:secret@example.com/mcp",
      "http://10.0.0.7/mcp",
    ]) {
      await url.fill(wrong);
      await page.getByLabel("Name").fill("Wrong");
      await add.click();
      await findFault().waitFor();
      await url.fill("");
      await findFault().waitFor({ state: "detached" });
    }
    await url.fill(`${gatehouse.sandboxUrl}/notes/mcp`);
    await page.getByLabel("Name").fill("x".repeat(101));
    await add.click();
    await page.getByText("at most 100 characters").waitFor();
    await page.getByLabel("Name").fill("Acme Notes");
    await page.getByRole("button", { name: "Advanced" }).click();
    await page.getByRole("button", { name: "Add header" }).click();
    await page.getByLabel("Header 1 name").fill("bad name");
    await page.getByLabel("Header 1 value").fill("v");
    await add.click();
    await page.getByText("is not a header name").waitFor();
    await context.close();
  });
});
