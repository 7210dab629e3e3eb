import { afterEach, describe, expect, it } from "vitest";
import { startEverything } from "../../../test/counterparties/everything.ts";
import { startLegacy } from "../../../test/counterparties/legacy.ts";
import type { Counterparty } from "../../../test/counterparties/listen.ts";
import { startModernOnly } from "../../../test/counterparties/modern.ts";
import { startLegacyOffering, startModernOffering } from "../../../test/counterparties/offering.ts";
import {
  sendError,
  sendResult,
  startScriptedLegacy,
  startScriptedModern,
} from "../../../test/counterparties/scripted.ts";
import { readCapabilities } from "./capabilities.ts";
import type { Failure } from "../failure.ts";
import type { Listing } from "./pages.ts";
import { getPrompt, listPrompts } from "./prompts.ts";
import { listResources, listResourceTemplates, readResource } from "./resources.ts";
import { type Session, withSession } from "../connection/session.ts";
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
const at = <T>(url: string, ask: (session: Session) => Promise<T>) =>
  withSession(createTarget(url, { timeoutMs: 20_000 }), ask);

describe.each([
  ["a server on @modelcontextprotocol/server 2.x", startModernOffering],
  ["a server on @modelcontextprotocol/sdk 1.x", startLegacyOffering],
] as const)("%s", (_, start) => {
  it("says what it has", async () => {
    const { url } = await use<Counterparty>(start());
    expect(await at(url, (session) => readCapabilities(session))).toEqual({
      kind: "capabilities",
      capabilities: { resources: true, prompts: true },
    });
  });

  it("lists its resources, templates and prompts", async () => {
    const { url } = await use<Counterparty>(start());
    expect(await at(url, (session) => listResources(session))).toMatchObject({
      kind: "listed",
      notes: [],
      items: [
        { uri: "memo://readme", name: "readme", title: "Read me", mimeType: "text/plain" },
        { uri: "memo://pixel", name: "pixel", title: null, mimeType: "image/png" },
      ],
    });
    expect(await at(url, (session) => listResourceTemplates(session))).toMatchObject({
      items: [{ uriTemplate: "memo://notes/{id}", name: "note", description: "A note." }],
    });
    expect(await at(url, (session) => listPrompts(session))).toMatchObject({
      items: [
        {
          name: "greet",
          title: "Greet",
          description: null,
          arguments: [{ name: "who", title: null, description: null, required: true }],
        },
      ],
    });
  });

  it("reads text, base64 and what a template expands to", async () => {
    const { url } = await use<Counterparty>(start());
    const read = (uri: string) => at(url, (session) => readResource(session, uri));
    const nothing = { mimeType: null, text: null, blob: null };
    expect(await read("memo://readme")).toEqual({
      kind: "contents",
      isTruncated: false,
      contents: [{ ...nothing, uri: "memo://readme", mimeType: "text/plain", text: "Hello." }],
    });
    expect(await read("memo://pixel")).toMatchObject({
      contents: [{ mimeType: "image/png", blob: "iVBORw0KGgo=", text: null }],
    });
    expect(await read("memo://notes/7")).toMatchObject({
      contents: [{ ...nothing, uri: "memo://notes/7", text: "Note 7" }],
    });
    expect(await read("memo://nowhere")).toEqual({ kind: "unknown-resource" });
  });

  it("gives a prompt's messages, and says what it does not take", async () => {
    const { url } = await use<Counterparty>(start());
    const get = (name: string, args: Record<string, string>) =>
      at(url, (session) => getPrompt(session, { name, arguments: args }));
    expect(await get("greet", { who: "Ada" })).toEqual({
      kind: "prompt",
      description: null,
      messages: [{ role: "user", content: { type: "text", text: "Hello Ada" } }],
    });
    expect(await get("greet", {})).toMatchObject({ kind: "invalid-params" });
    expect(await get("shout", {})).toMatchObject({ kind: "invalid-params" });
  });
});

it("a server without resources or prompts says so, or says nothing", async () => {
  const modern = await use(startModernOnly());
  const legacy = await use(startLegacy());
  const scripted = await use(startScriptedModern(() => ({})));
  for (const { url } of [modern, legacy, scripted])
    expect(await at(url, (session) => readCapabilities(session))).toEqual({
      kind: "capabilities",
      capabilities: { resources: false, prompts: false },
    });
});

it("lists and reads every resource and prompt of the reference server", async () => {
  const { url } = await use(startEverything());
  await at(url, async (session) => {
    const resources = await listResources(session);
    const templates = await listResourceTemplates(session);
    const prompts = await listPrompts(session);
    if (resources.kind !== "listed" || prompts.kind !== "listed") throw new Error("no lists");
    if (templates.kind !== "listed") throw new Error("no templates");
    expect(resources.items.length).toBeGreaterThan(0);
    expect(templates.items.length).toBeGreaterThan(0);
    expect(prompts.items.length).toBeGreaterThan(2);
    for (const { uri } of resources.items) {
      const answer = await readResource(session, uri);
      expect(answer, uri).toMatchObject({ kind: "contents", isTruncated: false });
      if (answer.kind !== "contents") continue;
      for (const part of answer.contents) expect(part.text ?? part.blob, uri).toBeTruthy();
    }
    for (const { uriTemplate } of templates.items) {
      const uri = uriTemplate.replaceAll(/\{[^}]+\}/g, "1");
      expect(await readResource(session, uri), uri).toMatchObject({ kind: "contents" });
    }
    for (const prompt of prompts.items) {
      const args = Object.fromEntries(
        prompt.arguments.map(({ name }) => [name, name === "resourceType" ? "Text" : "1"]),
      );
      const answer = await getPrompt(session, { name: prompt.name, arguments: args });
      expect(answer, prompt.name).toMatchObject({ kind: "prompt" });
      if (answer.kind === "prompt") expect(answer.messages.length).toBeGreaterThan(0);
    }
  });
});

it("S4 follows the pages of each list, and ends where they do not", async () => {
  let pages = 0;
  const { url } = await use(
    startScriptedLegacy((call, response) => {
      pages += 1;
      const entry = {
        uri: `memo://${pages}`,
        uriTemplate: `memo://${pages}/{id}`,
        name: `${pages}`,
      };
      sendResult(call, response, {
        resources: [entry],
        resourceTemplates: [entry],
        prompts: [entry],
        nextCursor: `c${pages}`,
      });
    }),
  );
  for (const list of [listResources, listResourceTemplates, listPrompts]) {
    pages = 0;
    const listing = await at<Listing<unknown> | Failure>(url, (session) => list(session));
    expect(listing).toMatchObject({
      isTruncated: true,
      notes: ["The list was cut off at 100 pages."],
    });
    expect(listing.kind === "listed" && listing.items).toHaveLength(100);
  }
});

const odd = [
  null,
  7,
  { uri: "memo://good", uriTemplate: "memo://good/{id}", name: "good" },
  { name: null, uri: 5, uriTemplate: [] },
  { name: "nul\0", uri: "memo://nul\0", uriTemplate: "memo://nul\0" },
  { name: "half \ud800", uri: "memo://half\ud800", uriTemplate: "memo://half\ud800" },
  {
    name: "odd members",
    uri: "memo://odd",
    uriTemplate: "memo://odd/{id}",
    title: 5,
    size: "big",
    mimeType: null,
    annotations: "none",
    arguments: [null, {}, { name: "a", required: "yes" }, { name: "b", required: true }],
  },
];

it("S4 D10 odd entries neither crash a list nor hide the others", async () => {
  const lists = { resources: odd, resourceTemplates: odd, prompts: odd, nextCursor: null };
  const servers = [
    await use(startScriptedModern(() => lists)),
    await use(startScriptedLegacy((call, response) => sendResult(call, response, lists))),
  ];
  for (const { url } of servers) {
    const resources = await at(url, (session) => listResources(session));
    expect(resources).toMatchObject({
      kind: "listed",
      items: [
        { uri: "memo://good", size: null },
        { uri: "memo://odd", name: "odd members", title: null, size: null, mimeType: null },
      ],
    });
    const notes = resources.kind === "listed" ? resources.notes : [];
    expect(notes).toContain("A resource without a uri was left out.");
    expect(notes).toContain("A resource with a uri that is not a string was left out.");
    expect(await at(url, (session) => listResourceTemplates(session))).toMatchObject({
      items: [{ uriTemplate: "memo://good/{id}" }, { uriTemplate: "memo://odd/{id}" }],
    });
    expect(await at(url, (session) => listPrompts(session))).toMatchObject({
      items: [
        { name: "good", arguments: [] },
        {
          name: "odd members",
          arguments: [
            { name: "a", required: false },
            { name: "b", required: true },
          ],
        },
      ],
    });
  }
});

it("D10 odd parts of a resource and of a prompt do not cost the rest", async () => {
  const answers: Record<string, object> = {
    "resources/read": {
      contents: [
        null,
        { uri: "memo://a" },
        { uri: "memo://b", blob: "***" },
        { uri: "memo://c", text: "c", mimeType: 5, _meta: "none" },
      ],
    },
    "prompts/get": {
      description: 5,
      messages: [
        { role: "user", content: "Hello" },
        { role: "assistant", content: [{ type: "text", text: "Hi" }, { type: "dance" }] },
        null,
      ],
    },
  };
  const servers = [
    await use(startScriptedModern(({ method }) => answers[method ?? ""] ?? {})),
    await use(
      startScriptedLegacy((call, response) =>
        sendResult(call, response, answers[call.method ?? ""]),
      ),
    ),
  ];
  for (const { url } of servers) {
    expect(await at(url, (session) => readResource(session, "memo://c"))).toEqual({
      kind: "contents",
      isTruncated: false,
      contents: [{ uri: "memo://c", mimeType: null, text: "c", blob: null }],
    });
    expect(
      await at(url, (session) => getPrompt(session, { name: "greet", arguments: {} })),
    ).toMatchObject({
      kind: "prompt",
      description: null,
      messages: [
        { role: "user", content: { type: "text", text: "Hello" } },
        { role: "assistant", content: { type: "text", text: "Hi" } },
        { role: "assistant", content: { type: "text", text: expect.stringContaining("dance") } },
      ],
    });
  }
});

it("S10 hands on no more of a resource than a bound", async () => {
  const text = "x".repeat(3 * 1024 * 1024);
  const contents = Array.from({ length: 4 }, (_, i) => ({ uri: `memo://${i}`, text }));
  const { url } = await use(startScriptedModern(() => ({ contents })));
  const answer = await at(url, (session) => readResource(session, "memo://all"));
  expect(answer).toMatchObject({ kind: "contents", isTruncated: true });
  expect(answer.kind === "contents" && answer.contents.map(({ uri }) => uri)).toEqual([
    "memo://0",
    "memo://1",
  ]);
});

it("takes the code of each revision for an address that leads nowhere, and others for trouble", async () => {
  let code = -32_002;
  const { url } = await use(
    startScriptedLegacy((call, response) => sendError(call, response, { code, message: "No." })),
  );
  const read = () => at(url, (session) => readResource(session, "memo://nowhere"));
  expect(await read()).toEqual({ kind: "unknown-resource" });
  code = -32_602;
  expect(await read()).toEqual({ kind: "unknown-resource" });
  code = -32_603;
  expect(await read()).toMatchObject({ kind: "protocol-error", code: -32_603 });
});
