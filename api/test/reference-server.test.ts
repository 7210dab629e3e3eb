/** Everything that the reference server has (`@modelcontextprotocol/server-everything`), through the public API: what comes of each. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { startEverything } from "./counterparties/everything.ts";
import { getPrompt, readLists, readResource } from "./support/catalog.ts";
import { createServer, type TestUser } from "./support/client.ts";
import { startGatehouse } from "./support/gatehouse.ts";

/** The machine may be busy. */
const soon = { timeout: 30_000 };

let ada: TestUser;
let id: string;
let lists: Awaited<ReturnType<typeof readLists>>;
const resources = new AsyncDisposableStack();

beforeAll(async () => {
  const gatehouse = resources.use(await startGatehouse());
  const server = resources.adopt(await startEverything(), (it) => it.close());
  ada = await gatehouse.signUp("ada");
  id = await createServer(ada, server.url);
  lists = await readLists(ada, id);
});
afterAll(() => resources.disposeAsync());

const runFields = `id status isToolError structuredContent progress { progress total } elicitation { id mode url requestedSchema }
  content { __typename ... on TextContent { text } ... on ImageContent { data mimeType } ... on ResourceLink { uri name mimeType }
    ... on EmbeddedResource { resource { uri mimeType text blob } } }`;

async function execute(toolName: string, args: object, wait = true) {
  const { executeTool } = await ada.query(
    `mutation ($input: ExecuteToolInput!) { executeTool(input: $input) {
      __typename ... on UserError { message } ... on ToolExecuted { execution { ${runFields} } }
      ... on InvalidToolArguments { issues { path } }
    } }`,
    { input: { serverId: id, toolName, arguments: args, wait } },
  );
  return executeTool;
}

async function readRun(runId: string) {
  const query = `query ($id: ID!) { toolExecution(id: $id) { ${runFields} } }`;
  return (await ada.query(query, { id: runId })).toolExecution;
}

const executed = (execution: object) => ({ __typename: "ToolExecuted", execution });
const text = (said: unknown) => ({ __typename: "TextContent", text: said });
const succeeded = (...content: object[]) =>
  executed({ status: "SUCCEEDED", isToolError: false, content });
const failed = (said: RegExp) =>
  executed({
    status: "FAILED",
    isToolError: true,
    content: [text(expect.stringMatching(said))],
  });
const invalid = (path: string) => ({ __typename: "InvalidToolArguments", issues: [{ path }] });
const image = {
  __typename: "ImageContent",
  mimeType: "image/png",
  data: expect.stringMatching(/^iVBOR/),
};
const link = (name: string, uri: string, mimeType = "text/plain") => ({
  __typename: "ResourceLink",
  name,
  uri,
  mimeType,
});
const embedded = (resource: object) => ({ __typename: "EmbeddedResource", resource });
const file = { name: "hello.gz", data: "data:text/plain,hello" };
const zipped = { uri: "demo://resource/session/hello.gz", mimeType: "application/gzip" };
const dynamic = "demo://resource/dynamic";

/** By the tool's name: what it is given, and what comes of it. */
const calls: [tool: string, args: object, answer: object][] = [
  ["echo", { message: "hello" }, succeeded(text("Echo: hello"))],
  ["echo", {}, invalid("/message")],
  ["get-sum", { a: 1, b: 2 }, succeeded(text(expect.stringContaining("3")))],
  ["get-sum", { a: "1", b: 2 }, invalid("/a")],
  ["get-env", {}, succeeded(text(expect.stringContaining("PORT")))],
  [
    "get-annotated-message",
    { messageType: "success", includeImage: true },
    succeeded(text(expect.any(String)), image),
  ],
  ["get-tiny-image", {}, succeeded(text(expect.any(String)), image, text(expect.any(String)))],
  [
    "get-structured-content",
    { location: "Chicago" },
    executed({
      status: "SUCCEEDED",
      structuredContent: { temperature: 36, conditions: "Light rain / drizzle", humidity: 82 },
    }),
  ],
  [
    "get-resource-links",
    { count: 2 },
    succeeded(
      text(expect.any(String)),
      link("Blob Resource 1", `${dynamic}/blob/1`),
      link("Text Resource 2", `${dynamic}/text/2`),
    ),
  ],
  [
    "get-resource-reference",
    { resourceType: "Text", resourceId: 1 },
    succeeded(
      text(expect.any(String)),
      embedded({ uri: `${dynamic}/text/1`, text: expect.stringContaining("plain"), blob: null }),
      text(expect.any(String)),
    ),
  ],
  [
    "get-resource-reference",
    { resourceType: "Blob", resourceId: 1 },
    succeeded(
      text(expect.any(String)),
      embedded({ uri: `${dynamic}/blob/1`, text: null, blob: expect.any(String) }),
      text(expect.any(String)),
    ),
  ],
  ["get-resource-reference", { resourceType: "Text", resourceId: -1 }, failed(/Invalid/)],
  [
    "gzip-file-as-resource",
    { ...file, outputType: "resource" },
    succeeded(embedded({ ...zipped, blob: expect.stringMatching(/^H4sI/) })),
  ],
  [
    "gzip-file-as-resource",
    { ...file, outputType: "resourceLink" },
    succeeded(link("hello.gz", zipped.uri, zipped.mimeType)),
  ],
  ["gzip-file-as-resource", { ...file, data: "ftp://x/y" }, failed(/protocol/)],
  // What it says without being asked disturbs no call after it.
  ["toggle-simulated-logging", {}, succeeded(text(expect.stringMatching(/^Started/)))],
  ["toggle-subscriber-updates", {}, succeeded(text(expect.stringMatching(/^Started/)))],
  [
    "trigger-long-running-operation",
    { duration: 1, steps: 4 },
    executed({ status: "SUCCEEDED", progress: { progress: 4, total: 4 } }),
  ],
  ["toggle-simulated-logging", {}, succeeded(text(expect.stringMatching(/^Stopped/)))],
  ["toggle-subscriber-updates", {}, succeeded(text(expect.stringMatching(/^Stopped/)))],
  // It wants to be run as a task, which no call of ours is.
  ["simulate-research-query", { topic: "gates" }, failed(/task/)],
  // The server shows neither to clients that offer no sampling and no roots.
  ["trigger-sampling-request", { prompt: "?" }, { __typename: "ToolNotFound" }],
  ["get-roots-list", {}, { __typename: "ToolNotFound" }],
];
const questions = ["trigger-elicitation-request", "trigger-url-elicitation"];

it("no tool of it is left out here", () => {
  const listed = lists.tools.nodes.map(({ name }: { name: string }) => name);
  const tried = new Set([...calls.map(([tool]) => tool), ...questions]);
  expect(listed.filter((name: string) => !tried.has(name))).toEqual([]);
});

it.each(calls)("%s with %j", async (tool, args, answer) => {
  expect(await execute(tool, args)).toMatchObject(answer);
});

/** Starts a tool that asks; the run once it waits. */
async function awaitQuestion(tool: string, args: object) {
  const { execution } = await execute(tool, args, false);
  await expect
    .poll(() => readRun(execution.id), soon)
    .toMatchObject({ elicitation: { id: expect.any(String) } });
  return readRun(execution.id);
}

const answer = async (input: object) => {
  const { answerElicitation } = await ada.query(
    "mutation ($input: AnswerElicitationInput!) { answerElicitation(input: $input) { __typename } }",
    { input },
  );
  expect(answerElicitation).toEqual({ __typename: "ElicitationAnswered" });
};

it("trigger-elicitation-request asks by a form, and is told what the person says", async () => {
  const run = await awaitQuestion("trigger-elicitation-request", {});
  expect(run).toMatchObject({ status: "WAITING_FOR_INPUT", elicitation: { mode: "FORM" } });
  const { id: elicitationId, requestedSchema } = run.elicitation;
  expect(Object.keys(requestedSchema.properties)).toContain("titledMultipleSelectEnum");
  const content = { name: "Ada", integer: 7, titledMultipleSelectEnum: ["fish-2"] };
  await answer({ id: elicitationId, action: "ACCEPT", content });
  await expect.poll(async () => (await readRun(run.id)).status, soon).toBe("SUCCEEDED");
  const said = JSON.stringify((await readRun(run.id)).content);
  expect(said).toContain("fish-2");
  expect(said).toContain("Ada");
});

it.each([false, true])(
  "trigger-url-elicitation asks for an address (errorPath %s)",
  async (errorPath) => {
    const url = `http://localhost:4999/opened?${errorPath}`;
    let run = await awaitQuestion("trigger-url-elicitation", { url, errorPath });
    if (errorPath) {
      // The error names one that is to be opened first; then the tool runs, and asks for its own.
      const first = run.elicitation;
      expect(first).toMatchObject({ mode: "URL", url: "https://modelcontextprotocol.io/" });
      await answer({ id: first.id, action: "ACCEPT" });
      await expect
        .poll(async () => (await readRun(run.id)).elicitation?.id ?? first.id, soon)
        .not.toBe(first.id);
      run = await readRun(run.id);
    }
    expect(run).toMatchObject({ status: "WAITING_FOR_INPUT", elicitation: { mode: "URL", url } });
    await answer({ id: run.elicitation.id, action: "ACCEPT" });
    await expect.poll(async () => (await readRun(run.id)).status, soon).toBe("SUCCEEDED");
  },
);

it("every resource is read, and what its templates expand to", async () => {
  expect(lists.resources.totalCount).toBeGreaterThan(0);
  for (const { uri, mimeType } of lists.resources.nodes)
    expect(await readResource(ada, id, uri), uri).toMatchObject({
      __typename: "ResourceRead",
      contents: [{ uri, mimeType, text: expect.stringMatching(/\S/), blob: null }],
    });
  const templates = lists.resourceTemplates.nodes.map(
    ({ uriTemplate }: { uriTemplate: string }) => uriTemplate,
  );
  expect(templates.toSorted()).toEqual([
    `${dynamic}/blob/{resourceId}`,
    `${dynamic}/text/{resourceId}`,
  ]);
  expect(await readResource(ada, id, `${dynamic}/text/7`)).toMatchObject({
    contents: [{ mimeType: "text/plain", text: expect.stringContaining("Resource 7") }],
  });
  expect(await readResource(ada, id, `${dynamic}/blob/7`)).toMatchObject({
    contents: [{ text: null, blob: expect.any(String) }],
  });
  expect(await readResource(ada, id, "demo://resource/nowhere")).toMatchObject({
    __typename: "ResourceNotFound",
  });
});

it("every prompt is had", async () => {
  const said = (what: string) => ({ content: { text: expect.stringContaining(what) } });
  const prompts: Record<string, { args?: object; messages: object[] }> = {
    "simple-prompt": { messages: [said("simple prompt")] },
    "args-prompt": { args: { city: "Bern" }, messages: [said("Bern")] },
    "completable-prompt": {
      args: { department: "Sales", name: "Eve" },
      messages: [said("Eve")],
    },
    "resource-prompt": {
      args: { resourceType: "Text", resourceId: "3" },
      messages: [said("3"), { content: embedded({ uri: `${dynamic}/text/3` }) }],
    },
  };
  const names = lists.prompts.nodes.map(({ name }: { name: string }) => name);
  expect(names.toSorted()).toEqual(Object.keys(prompts).toSorted());
  for (const [name, { args, messages }] of Object.entries(prompts))
    expect(await getPrompt(ada, id, name, args), name).toMatchObject({
      __typename: "PromptReceived",
      messages,
    });
});
