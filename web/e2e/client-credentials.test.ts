import { randomUUID } from "node:crypto";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { hasChromium, launchChromium } from "./chromium.ts";
import { findFaults } from "./find-faults.ts";
import { findStatus, openPage, signUp } from "./steps.ts";

describe.skipIf(!hasChromium)("a workspace that connects as itself", { timeout: 240_000 }, () => {
  const gatehouse = inject("gatehouse");
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  /** As an application is registered by hand at a provider. */
  async function registerClient(): Promise<{ client_id: string; client_secret: string }> {
    const metadata = await fetch(
      `${gatehouse.sandboxUrl}/.well-known/oauth-authorization-server`,
    ).then((answer) => answer.json() as Promise<{ registration_endpoint: string }>);
    const answer = await fetch(metadata.registration_endpoint, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        client_name: `By hand ${randomUUID()}`,
        redirect_uris: [],
        response_types: [],
        grant_types: ["client_credentials"],
        token_endpoint_auth_method: "client_secret_basic",
      }),
    });
    expect(answer.status).toBe(201);
    return answer.json() as Promise<{ client_id: string; client_secret: string }>;
  }

  it("is told what is missing, connects without a window, and never shows its secret", async () => {
    const client = await registerClient();
    const { page, context, faults } = await openPage(browser);
    await signUp(page, gatehouse);
    await page.goto(
      `${gatehouse.url}/add?url=${encodeURIComponent(`${gatehouse.sandboxUrl}/notes/mcp`)}`,
    );
    await page.getByText("Protected by OAuth").waitFor();
    await page.getByRole("button", { name: "Advanced" }).click();
    await page.getByRole("radio", { name: "The workspace as itself" }).check();
    expect(
      await page.getByRole("radio", { name: "Workspace", exact: false }).count(),
    ).toBeGreaterThan(0);
    const add = page.getByRole("button", { name: "Add and connect" });
    await add.click();
    await page.getByText("Client credentials require a client ID").waitFor();
    const found = await findFaults(page, "client credentials with a fault");

    await page.getByLabel("Client id").fill(client.client_id);
    await add.click();
    await page.getByText("require a client secret or a private key").waitFor();
    await page.getByLabel("Client secret").fill(client.client_secret);
    await add.click();
    await findStatus(page, "Connected").first().waitFor();
    expect(context.pages()).toHaveLength(1);

    await page.getByRole("tab", { name: "Settings" }).click();
    const secret = page.getByLabel("Client secret");
    await page.getByPlaceholder("Stored; type to replace").waitFor();
    expect(await secret.inputValue()).toBe("");
    expect(await page.content()).not.toContain(client.client_secret);
    await page.getByRole("button", { name: "Remove the client secret" }).click();
    await page.getByText("is removed when you save").waitFor();
    found.push(...(await findFaults(page, "client credentials in the settings")));
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("require a client secret or a private key").waitFor();
    await page.getByRole("button", { name: "Keep the client secret" }).click();
    await findStatus(page, "Connected").first().waitFor();
    expect(found).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });
});
