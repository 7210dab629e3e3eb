import { InsufficientScopeError, SdkHttpError } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "./sandbox.ts";
import { connect, openMcp, postJson, probeMcp } from "./testing/test-client.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ port: 0 });
});
afterAll(() => sandbox.close());

async function openNotes(login: string, scope?: string) {
  const { tokens } = await connect(sandbox, { login, ...(scope && { scope }) });
  return openMcp(sandbox.notesUrl, tokens.access_token);
}

async function openWeather(login: string) {
  const { weatherUrl: resource } = sandbox;
  const { tokens } = await connect(sandbox, { login, resource, scope: "weather:read" });
  return openMcp(sandbox.weatherUrl, tokens.access_token);
}

describe("Acme Notes", () => {
  it("challenges a request without a token with its metadata and scopes", async () => {
    const metadata = `${sandbox.url}/.well-known/oauth-protected-resource/notes/mcp`;
    expect(await probeMcp(sandbox.notesUrl)).toEqual({
      status: 401,
      challenge: `Bearer resource_metadata="${metadata}", scope="notes:read notes:write"`,
    });
    const { challenge } = await probeMcp(sandbox.notesUrl, "no-such-token");
    expect(challenge).toContain('error="invalid_token"');
  });

  it("takes no token that was made for Acme Weather", async () => {
    const { weatherUrl: resource } = sandbox;
    const { tokens } = await connect(sandbox, { resource, scope: "weather:read" });
    expect((await probeMcp(sandbox.notesUrl, tokens.access_token)).status).toBe(401);
    expect((await probeMcp(sandbox.weatherUrl, tokens.access_token)).status).not.toBe(401);
  });

  it("speaks 2026-07-28 and describes its tools", async () => {
    const client = await openNotes("amy");
    expect(client.getNegotiatedProtocolVersion()).toBe("2026-07-28");
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).toSorted()).toEqual([
      "add_note",
      "count_slowly",
      "delete_note",
      "export_notes",
      "list_notes",
      "search_notes",
    ]);
    for (const tool of tools) {
      expect(tool.title).toBeTruthy();
      expect(tool.description).toBeTruthy();
      expect(tool.outputSchema).toBeDefined();
    }
    const deletion = tools.find(({ name }) => name === "delete_note");
    expect(deletion?.annotations?.destructiveHint).toBe(true);
    await client.close();
  });

  it("keeps the notes of each account apart", async () => {
    const amy = await openNotes("amy.notes");
    const ben = await openNotes("ben.notes");
    const { structuredContent } = await amy.callTool({
      name: "add_note",
      arguments: { title: "Zebra crossing", tags: ["street"], priority: "high" },
    });
    const { note } = structuredContent as { note: { id: string } };
    const search = { name: "search_notes", arguments: { query: "zebra STREET" } };
    expect((await amy.callTool(search)).structuredContent).toMatchObject({ total: 1 });
    expect((await ben.callTool(search)).structuredContent).toMatchObject({ total: 0 });
    const deletion = { name: "delete_note", arguments: { id: note.id } };
    expect((await ben.callTool(deletion)).isError).toBe(true);
    expect((await amy.callTool(deletion)).structuredContent).toEqual({ deleted: true });
    expect((await amy.callTool(search)).structuredContent).toMatchObject({ total: 0 });
    await Promise.all([amy.close(), ben.close()]);
  });

  it("refuses arguments that do not fit", async () => {
    const client = await openNotes("amy");
    const call = { name: "add_note", arguments: { title: "", priority: "urgent" } };
    expect(await client.callTool(call)).toMatchObject({ isError: true });
    await client.close();
  });

  it("reports the progress of a slow count, and stops when it is cancelled", async () => {
    const client = await openNotes("amy");
    const seen: number[] = [];
    const result = await client.callTool(
      { name: "count_slowly", arguments: { to: 3, delayMs: 0 } },
      { onprogress: ({ progress }) => void seen.push(progress) },
    );
    expect(result.structuredContent).toEqual({ counted: 3 });
    expect(seen).toEqual([1, 2, 3]);

    const stop = new AbortController();
    const endless = client.callTool(
      { name: "count_slowly", arguments: { to: 1000, delayMs: 1 } },
      { signal: stop.signal, onprogress: () => stop.abort() },
    );
    await expect(endless).rejects.toThrow();
    await client.close();
  });

  it("challenges an export without the wider scope with 403, and serves it with", async () => {
    const narrow = await openNotes("amy");
    const call = { name: "export_notes", arguments: { format: "json" } };
    const failure: unknown = await narrow.callTool(call).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InsufficientScopeError);
    expect((failure as InsufficientScopeError).requiredScope).toBe("notes:export");
    const wide = await openNotes("amy", "notes:read notes:export");
    const { structuredContent } = await wide.callTool(call);
    expect(structuredContent).toMatchObject({ fileName: "notes.json" });
    await Promise.all([narrow.close(), wide.close()]);
  });

  it("names the missing scope in the challenge, in both eras", async () => {
    const { tokens } = await connect(sandbox, { scope: "notes:read" });
    for (const [tool, scope] of [
      ["export_notes", "notes:export"],
      ["delete_note", "notes:write"],
    ] as const) {
      const answer = await postJson(
        sandbox.notesUrl,
        {
          jsonrpc: "2.0",
          id: 1,
          method: "tools/call",
          params: { name: tool, arguments: { id: "1" } },
        },
        {
          accept: "application/json, text/event-stream",
          authorization: `Bearer ${tokens.access_token}`,
          "mcp-protocol-version": "2025-11-25",
        },
      );
      expect(answer.status).toBe(403);
      const challenge = answer.headers.get("www-authenticate");
      expect(challenge).toContain('error="insufficient_scope"');
      expect(challenge).toContain(`scope="${scope}"`);
      expect(challenge).toContain("oauth-protected-resource/notes/mcp");
    }
  });

  it("can be made to speak 2026-07-28 alone", async () => {
    await using modern = await startSandbox({ port: 0, modernOnly: true });
    const { tokens } = await connect(modern);
    const client = await openMcp(modern.notesUrl, tokens.access_token);
    expect((await client.listTools()).tools).toHaveLength(6);
    await client.close();
    expect((await probeMcp(modern.notesUrl, tokens.access_token)).status).toBe(400);
    const dual = await connect(sandbox);
    expect((await probeMcp(sandbox.notesUrl, dual.tokens.access_token)).status).toBe(200);
  });
});

describe("Acme Weather", () => {
  it("speaks 2025-11-25 with a session", async () => {
    const client = await openWeather("amy");
    expect(client.getNegotiatedProtocolVersion()).toBe("2025-11-25");
    expect(sandbox.listWeatherSessions()).not.toHaveLength(0);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).toSorted()).toEqual([
      "compare_cities",
      "draw_forecast",
      "get_forecast",
      "get_report",
    ]);
    await client.close();
  });

  it("answers with structured content, an image, and a link that can be read", async () => {
    const client = await openWeather("amy");
    const forecast = await client.callTool({
      name: "get_forecast",
      arguments: { city: "Lisbon", days: 2 },
    });
    expect(forecast.structuredContent).toMatchObject({
      city: "Lisbon",
      days: [{ date: expect.any(String) }, {}],
    });
    const comparison = await client.callTool({
      name: "compare_cities",
      arguments: { cities: ["Lisbon", "Reykjavik"] },
    });
    expect(comparison.structuredContent).toMatchObject({ warmest: "Lisbon" });

    const drawing = await client.callTool({ name: "draw_forecast", arguments: { city: "Tokyo" } });
    const image = drawing.content.find((part) => part.type === "image");
    expect(image?.mimeType).toBe("image/png");
    expect(
      Buffer.from(image?.data ?? "", "base64")
        .subarray(1, 4)
        .toString(),
    ).toBe("PNG");

    const report = await client.callTool({ name: "get_report", arguments: { city: "Berlin" } });
    const link = report.content.find((part) => part.type === "resource_link");
    const { contents } = await client.readResource({ uri: link?.uri ?? "" });
    expect(contents[0]).toMatchObject({ mimeType: "text/markdown", text: /^# Berlin/ });
    await client.close();
  });

  it("answers 404 for a lost session, and for somebody else's", async () => {
    const amy = await openWeather("amy.weather");
    const id = sandbox.listWeatherSessions().at(-1) ?? "";
    const { weatherUrl: resource } = sandbox;
    const ben = await connect(sandbox, { login: "ben", resource, scope: "weather:read" });
    const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
    const answer = await postJson(resource, ping, {
      accept: "application/json, text/event-stream",
      authorization: `Bearer ${ben.tokens.access_token}`,
      "mcp-session-id": id,
    });
    expect(answer.status).toBe(404);

    await sandbox.dropWeatherSessions();
    const failure: unknown = await amy.listTools().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SdkHttpError);
    expect((failure as SdkHttpError).status).toBe(404);
    await amy.close();
  });

  it("can have an origin of its own", async () => {
    await using apart = await startSandbox({ port: 0, weatherPort: 0 });
    expect(new URL(apart.weatherUrl).origin).not.toBe(apart.url);
    const { weatherUrl: resource } = apart;
    const { tokens } = await connect(apart, { resource, scope: "weather:read" });
    const client = await openMcp(resource, tokens.access_token);
    expect((await client.listTools()).tools).toHaveLength(4);
    await client.close();
    expect((await fetch(`${apart.url}/weather/mcp`)).status).toBe(404);
  });
});
