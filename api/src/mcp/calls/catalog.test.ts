import { afterEach, describe, expect, it } from "vitest";
import { startEverything } from "../../../test/counterparties/everything.ts";
import type { Counterparty } from "../../../test/counterparties/listen.ts";
import { startModernOnly } from "../../../test/counterparties/modern.ts";
import {
  sendError,
  sendResult,
  startScriptedLegacy,
  startScriptedModern,
} from "../../../test/counterparties/scripted.ts";
import type { ScriptedCall } from "../../../test/counterparties/scripted.ts";
import { listTools } from "./catalog.ts";
import type { Catalog } from "./catalog.ts";
import { DEFAULT_LIST_BOUNDS } from "./pages.ts";
import type { ListBounds } from "./pages.ts";
import { withSession } from "../connection/session.ts";
import { createTarget } from "../testing/sessions.ts";

const started: Counterparty[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((counterparty) => counterparty.close()));
});
async function use<T extends Counterparty>(starting: Promise<T>): Promise<T> {
  const counterparty = await starting;
  started.push(counterparty);
  return counterparty;
}
const list = (url: string, bounds?: Partial<ListBounds>, timeoutMs = 5_000) =>
  withSession(createTarget(url, { timeoutMs }), (session) =>
    listTools(session, { ...DEFAULT_LIST_BOUNDS, ...bounds }),
  );
/** A legacy server whose `tools/list` returns the result of `page` for the cursor. */
const startPages = (page: (cursor: unknown, call: ScriptedCall) => unknown) =>
  startScriptedLegacy((call, response) => {
    sendResult(call, response, page(call.params["cursor"], call));
  });
const names = (catalog: Catalog) =>
  catalog.kind === "tools" ? catalog.tools.map((tool) => tool.name) : catalog;
const tool = (name: string) => ({ name, inputSchema: { type: "object" } });

describe("listTools", () => {
  it("lists the tools of the reference server", async () => {
    const server = await use(startEverything());
    const catalog = await list(server.url);
    expect(names(catalog)).toContain("echo");
    expect(catalog).toMatchObject({ isTruncated: false, notes: [] });
  });

  it("lists the tools of a modern server with all that they declare", async () => {
    const server = await use(startModernOnly());
    const catalog = await list(server.url);
    expect(names(catalog)).toEqual(["add", "count", "fail", "wait", "ask", "route"]);
    expect(catalog).toHaveProperty(
      "tools.0",
      expect.objectContaining({
        title: "Add",
        description: "Adds two numbers.",
        inputSchema: expect.objectContaining({ required: ["a", "b"] }),
        outputSchema: expect.objectContaining({ required: ["sum"] }),
        annotations: { readOnlyHint: true },
      }),
    );
  });

  it("S4 follows the pages to the end", async () => {
    const server = await use(
      startPages((cursor) =>
        cursor === undefined ? { tools: [tool("a")], nextCursor: "2" } : { tools: [tool("b")] },
      ),
    );
    expect(names(await list(server.url))).toEqual(["a", "b"]);
  });

  it("S4 ends an endless list of pages at the bound and keeps what it has", async () => {
    let pages = 0;
    const server = await use(
      startPages(() => {
        pages += 1;
        return { tools: [tool(`t${pages}`)], nextCursor: `c${pages}` };
      }),
    );
    const catalog = await list(server.url, { maxPages: 7 });
    expect(catalog).toMatchObject({
      isTruncated: true,
      notes: ["The list was cut off at 7 pages."],
    });
    expect(names(catalog)).toHaveLength(7);
    expect(pages).toBe(7);
  });

  it("S4 ends at the bound on time and keeps what it has, also when a page does not come", async () => {
    const page = (cursor: unknown) => ({ tools: [tool(`t${String(cursor)}`)], nextCursor: "2" });
    const slow = await use(startPages(page));
    const late = { isTruncated: true, notes: ["The list was cut off after 0 s."] };
    expect(await list(slow.url, { maxMs: 0 })).toMatchObject(late);
    expect(slow.calls.filter((call) => call.method === "tools/list")).toHaveLength(1);
    const hanging = await use(
      startScriptedLegacy((call, response) => {
        if (call.params["cursor"] === undefined) sendResult(call, response, page("1"));
      }),
    );
    const cut = await list(hanging.url, { maxMs: 300 }, 60_000);
    expect(cut).toMatchObject({ isTruncated: true, notes: ["The list was cut off after 0.3 s."] });
    expect(names(cut)).toEqual(["t1"]);
  });

  it("S4 does not run in circles", async () => {
    const server = await use(startPages(() => ({ tools: [tool("a")], nextCursor: "same" })));
    const catalog = await list(server.url);
    expect(names(catalog)).toEqual(["a"]);
    expect(server.calls.filter((call) => call.method === "tools/list")).toHaveLength(2);
  });

  it("S4 holds to the bounds on tools and bytes", async () => {
    const tools = Array.from({ length: 1_000 }, (_, index) => tool(`t${index}`));
    const server = await use(startPages(() => ({ tools })));
    expect(names(await list(server.url, { maxItems: 10 }))).toHaveLength(10);
    const few = await list(server.url, { maxBytes: 2_000 });
    expect(few).toMatchObject({
      isTruncated: true,
      notes: ["The list was cut off at 2000 bytes."],
    });
    expect(names(few)).not.toHaveLength(0);
    expect(Buffer.byteLength(JSON.stringify(few))).toBeLessThan(3_000);
  });

  const odd = [
    tool("good"),
    { name: "null schema", inputSchema: null },
    { name: "no schema" },
    { name: "no type", inputSchema: { properties: { a: { type: "string" } } } },
    { name: "odd members", inputSchema: { type: "object", properties: null, required: "a" } },
    { name: "odd words", inputSchema: { type: "object" }, title: 5, description: null, icons: 1 },
    {
      name: "odd hints",
      inputSchema: {},
      annotations: { readOnlyHint: "yes", openWorldHint: true },
    },
    { name: "odd output", inputSchema: {}, outputSchema: "none" },
    { inputSchema: {} },
    null,
    tool("good"),
    { name: "x".repeat(300), inputSchema: {} },
    { name: "nul\0", inputSchema: {} },
    { name: "half \ud800", inputSchema: {} },
  ];
  const kept = [
    "good",
    "null schema",
    "no schema",
    "no type",
    "odd members",
    "odd words",
    "odd hints",
    "odd output",
  ];

  it("S4 D10 odd tools neither crash the list nor hide the others", async () => {
    const server = await use(startPages(() => ({ tools: odd, nextCursor: null })));
    const catalog = await list(server.url);
    expect(names(catalog)).toEqual(kept);
    if (catalog.kind !== "tools") return;
    const byName = new Map(catalog.tools.map((it) => [it.name, it]));
    expect(byName.get("null schema")?.inputSchema).toEqual({ type: "object" });
    const typed = { type: "object", properties: { a: { type: "string" } } };
    expect(byName.get("no type")?.inputSchema).toEqual(typed);
    expect(byName.get("odd hints")?.annotations).toEqual({ openWorldHint: true });
    expect(byName.get("odd output")?.outputSchema).toBeNull();
    expect(catalog.notes).toContain("A tool without a name was left out.");
    expect(catalog.notes).toContain('The tool "good" is listed twice; the first was kept.');
  });

  it("S4 D10 odd tools of a modern server neither", async () => {
    const server = await use(startScriptedModern(() => ({ tools: odd })));
    expect(names(await list(server.url))).toEqual(kept);
  });

  it.each([200_000, 51])("S4 tells of %i odd tools in fifty notes and a count", async (many) => {
    const tools = [...Array.from({ length: many }, () => 0), tool("good")];
    const server = await use(startPages(() => ({ tools })));
    const catalog = await list(server.url, {}, 60_000);
    expect(names(catalog)).toEqual(["good"]);
    const told = catalog.kind === "tools" ? catalog.notes : [];
    expect(told).toHaveLength(51);
    expect(told.at(-1)).toBe(`${many - 50} more notes were omitted.`);
  });

  it("leaves out a tool whose header declarations break the rules", async () => {
    const property = { type: "string", "x-mcp-header": "not a token" };
    const bad = { name: "bad", inputSchema: { type: "object", properties: { property } } };
    const server = await use(startScriptedModern(() => ({ tools: [bad, tool("good")] })));
    const catalog = await list(server.url);
    expect(names(catalog)).toEqual(["good"]);
    const note = 'The tool "bad" was left out: x-mcp-header is not a header name.';
    expect(catalog).toHaveProperty("notes", [note]);
    const legacy = await use(startPages(() => ({ tools: [bad, tool("good")] })));
    expect(names(await list(legacy.url))).toEqual(["bad", "good"]);
  });

  it("takes a server that does not know the method for one without tools", async () => {
    const server = await use(
      startScriptedLegacy((call, response) =>
        sendError(call, response, { code: -32_601, message: "Method not found" }),
      ),
    );
    expect(names(await list(server.url))).toEqual([]);
  });

  it("is a failure when a later page fails, so that half a list never replaces a whole one", async () => {
    const server = await use(
      startScriptedLegacy((call, response) => {
        if (call.params["cursor"] === undefined) {
          sendResult(call, response, { tools: [tool("a")], nextCursor: "2" });
        } else {
          response.writeHead(503).end();
        }
      }),
    );
    expect(await list(server.url)).toMatchObject({ kind: "unreachable", httpStatus: 503 });
  });

  it("is a failure when the list is none", async () => {
    const server = await use(startPages(() => ({ tools: "many" })));
    expect(await list(server.url)).toMatchObject({
      kind: "protocol-error",
      code: "invalid-result",
    });
  });

  it("times out", async () => {
    const server = await use(startScriptedLegacy(() => undefined));
    expect(await list(server.url, {}, 200)).toMatchObject({ kind: "timed-out" });
  });
});
