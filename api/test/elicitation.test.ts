import { randomBytes } from "node:crypto";
import { afterEach, describe, expect } from "vitest";
import { cleanUp } from "#services/operations/housekeeping.ts";
import {
  type AskingCounterparty,
  startAskingLegacy,
  startAskingModern,
} from "./counterparties/asking.ts";
import { createServer, type GraphQLAnswer, rowIdOf, type TestUser } from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
/** A second process of the same cluster. */
let elsewhere: string;
const servers: AskingCounterparty[] = [];
it.beforeAll(async ({ gatehouse: part }) => {
  gatehouse = part;
  elsewhere = await gatehouse.addProcess();
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const secretWord = `word-${randomBytes(8).toString("hex")}`;
const colour = {
  message: `Which colour? ${secretWord}`,
  requestedSchema: {
    type: "object",
    properties: {
      colour: { type: "string", title: "Colour", minLength: 3 },
      shade: { type: "string", enum: ["light", "dark"], default: "dark" },
    },
    required: ["colour"],
  },
};

const runFields = `id status errorMessage notes content { ... on TextContent { text } }
  elicitation { id mode status message requestedSchema url expiresAt answeredAt server { name } execution { id } }`;

interface Run {
  id: string;
  status: string;
  errorMessage: string | null;
  notes: string[] | null;
  content: { text: string }[] | null;
  elicitation: {
    id: string;
    status: string;
    message: string;
    server: { name: string };
    execution: { id: string };
  } | null;
}

async function setUp(start: () => Promise<AskingCounterparty> = startAskingModern) {
  const server = await start();
  servers.push(server);
  const user = await gatehouse.signUp();
  return { user, server, serverId: await createServer(user, server.url, { name: "Asker" }) };
}

async function execute(user: TestUser, serverId: string, args: object = {}, wait = false) {
  const { executeTool } = await user.query(
    `mutation ($input: ExecuteToolInput!) { executeTool(input: $input) {
      __typename ... on ToolExecuted { execution { ${runFields} } }
    } }`,
    {
      input: {
        serverId,
        toolName: "ask",
        arguments: { questions: [colour], ...args },
        timeoutMs: 5_000,
        wait,
      },
    },
  );
  expect(executeTool.__typename).toBe("ToolExecuted");
  return executeTool.execution as Run;
}

async function readRun(user: TestUser, id: string): Promise<Run | null> {
  const { toolExecution } = await user.query(
    `query ($id: ID!) { toolExecution(id: $id) { ${runFields} } }`,
    { id },
  );
  return toolExecution;
}

/** The run once it waits, and its question. */
async function awaitQuestion(user: TestUser, id: string) {
  await expect
    .poll(async () => (await readRun(user, id))?.elicitation, { timeout: 20_000 })
    .toBeTruthy();
  const run = await readRun(user, id);
  if (!run?.elicitation) throw new Error("It waits no more.");
  return { ...run, elicitation: run.elicitation };
}

async function awaitEnd(user: TestUser, id: string): Promise<Run> {
  await expect
    .poll(async () => (await readRun(user, id))?.status, { timeout: 20_000 })
    .not.toMatch(/RUNNING|WAITING/);
  const run = await readRun(user, id);
  if (!run) throw new Error("It is gone.");
  return run;
}

const answerDocument = `mutation ($input: AnswerElicitationInput!) { answerElicitation(input: $input) {
  __typename
  ... on ElicitationAnswered { elicitation { id status answeredAt } }
  ... on InvalidElicitationAnswer { message issues { path message } }
} }`;
const answer = (
  by: { graphql: TestUser["graphql"] },
  id: string,
  action: string,
  content?: unknown,
) => by.graphql(answerDocument, { input: { id, action, content } });
const codeOf = ({ errors }: GraphQLAnswer) => errors?.[0]?.extensions["code"];
const answersIn = ({ content }: Run): unknown => JSON.parse(content?.[0]?.text ?? "null");

/** A program with a token of the user's. */
async function createProgram(user: TestUser, scope: string): Promise<Pick<TestUser, "graphql">> {
  const { createApiToken } = await user.query(
    "mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }",
    { input: { workspaceId: user.workspaceId, name: scope, scope } },
  );
  return {
    async graphql(query, variables = {}) {
      const response = await fetch(`${gatehouse.url}/graphql`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${createApiToken.secret}`,
        },
        body: JSON.stringify({ query, variables }),
      });
      return (await response.json()) as GraphQLAnswer;
    },
  };
}

/** Somebody else who administers the workspace. */
async function createAdmin(user: TestUser): Promise<TestUser> {
  const admin = await gatehouse.signUp();
  const { viewer } = await admin.query("{ viewer { user { id } } }");
  await gatehouse.db.membership.create({
    data: {
      workspaceId: rowIdOf(user.workspaceId),
      userId: rowIdOf(viewer.user.id),
      role: "ADMIN",
    },
  });
  return admin;
}

const eras = [
  ["modern", startAskingModern],
  ["legacy", startAskingLegacy],
] as const;

describe.each(eras)("a question of a %s server", (_era, start) => {
  it("reaches who runs the tool, is answered, and the tool goes on", async () => {
    const { user, serverId } = await setUp(start);
    const { id } = await execute(user, serverId);
    const { status, elicitation } = await awaitQuestion(user, id);
    expect(status).toBe("WAITING_FOR_INPUT");
    expect(elicitation).toMatchObject({
      mode: "FORM",
      status: "PENDING",
      message: colour.message,
      url: null,
      answeredAt: null,
      requestedSchema: { type: "object", required: ["colour"] },
      server: { name: "Asker" },
      execution: { id },
    });
    const { data } = await answer(user, elicitation.id, "ACCEPT", { colour: "green" });
    expect(data.answerElicitation).toMatchObject({
      __typename: "ElicitationAnswered",
      elicitation: { id: elicitation.id, status: "ACCEPTED", answeredAt: expect.any(String) },
    });
    const run = await awaitEnd(user, id);
    expect(run).toMatchObject({ status: "SUCCEEDED", elicitation: null, notes: [] });
    expect(answersIn(run)).toEqual([
      { action: "accept", content: { colour: "green", shade: "dark" } },
    ]);
  });

  it.each(["DECLINE", "CANCEL"])("can be answered by %s", async (action) => {
    const { user, serverId } = await setUp(start);
    const { id } = await execute(user, serverId);
    const { elicitation } = await awaitQuestion(user, id);
    await answer(user, elicitation.id, action);
    expect(answersIn(await awaitEnd(user, id))).toEqual([{ action: action.toLowerCase() }]);
  });

  it("may follow another, and `wait: true` waits for all", async () => {
    const { user, serverId } = await setUp(start);
    const questions = [
      colour,
      { mode: "url", message: "Go there.", url: "https://example.com/", elicitationId: "1" },
    ];
    const running = execute(user, serverId, { questions }, true);
    const seen = new Set<string>();
    while (seen.size < 2) {
      const { node } = await user.query(
        "query ($id: ID!) { node(id: $id) { ... on Workspace { elicitations { nodes { id mode url } } } } }",
        { id: user.workspaceId },
      );
      for (const { id, mode } of node.elicitations.nodes) {
        if (seen.has(id)) continue;
        seen.add(id);
        const content = mode === "FORM" ? { colour: "green" } : undefined;
        expect((await answer(user, id, "ACCEPT", content)).errors).toBeUndefined();
      }
    }
    const run = await running;
    expect(answersIn(run)).toMatchObject([{ content: { colour: "green" } }, { action: "accept" }]);
  });
});

describe("a question", () => {
  it("is told by subscription, to the run's follower and in the log", async () => {
    const { user, serverId } = await setUp();
    await using log = user.subscribe(
      `subscription ($id: ID!) { workspaceEvents(workspaceId: $id, filter: { types: [INPUT_REQUESTED] }) {
        type server { name } ... on InputRequested { elicitation { id message } execution { id status } }
      } }`,
      { id: user.workspaceId },
    );
    const firstEvent = log.next();
    const { id } = await execute(user, serverId);
    await using updates = user.subscribe(
      `subscription ($id: ID!) { toolExecutionUpdated(id: $id) { ${runFields} } }`,
      { id },
    );
    const event = (await firstEvent).value.data.workspaceEvents;
    expect(event).toMatchObject({
      type: "INPUT_REQUESTED",
      server: { name: "Asker" },
      elicitation: { message: colour.message },
      execution: { id, status: "WAITING_FOR_INPUT" },
    });
    const shapes: string[] = [];
    for await (const { data } of updates) {
      const { status, elicitation } = data.toolExecutionUpdated;
      shapes.push(status);
      if (elicitation?.id === event.elicitation.id)
        await answer(user, elicitation.id, "ACCEPT", { colour: "green" });
    }
    expect(shapes).toContain("WAITING_FOR_INPUT");
    expect(shapes.at(-1)).toBe("SUCCEEDED");
  });

  it("is answered on another process than the one that runs the tool", async () => {
    const { user, serverId } = await setUp();
    const { id } = await execute(user, serverId);
    const there = user.at(elsewhere);
    const { elicitation } = await awaitQuestion(there, id);
    await answer(there, elicitation.id, "ACCEPT", { colour: "green" });
    expect(await awaitEnd(there, id)).toMatchObject({ status: "SUCCEEDED" });
  });

  it("takes no answer that does not fit, and stays open", async () => {
    const { user, serverId } = await setUp();
    const { id } = await execute(user, serverId);
    const { elicitation } = await awaitQuestion(user, id);
    const wrong = { colour: "x", shade: "none", more: 1 };
    const { data } = await answer(user, elicitation.id, "ACCEPT", wrong);
    expect(data.answerElicitation.__typename).toBe("InvalidElicitationAnswer");
    const paths = data.answerElicitation.issues.map(({ path }: { path: string }) => path);
    expect(new Set(paths)).toEqual(new Set(["/colour", "/more", "/shade"]));
    for (const content of [undefined, {}, { colour: null }, "text", [1]]) {
      const again = await answer(user, elicitation.id, "ACCEPT", content);
      expect(again.data.answerElicitation.__typename).toBe("InvalidElicitationAnswer");
    }
    expect(codeOf(await answer(user, elicitation.id, "DECLINE", { colour: "green" }))).toBe(
      "BAD_USER_INPUT",
    );
    await answer(user, elicitation.id, "ACCEPT", { colour: "green", shade: null });
    expect(answersIn(await awaitEnd(user, id))).toEqual([
      { action: "accept", content: { colour: "green" } },
    ]);
  });

  it("is answered once, whoever comes at the same time", async () => {
    const { user, serverId } = await setUp();
    const { id } = await execute(user, serverId);
    const { elicitation } = await awaitQuestion(user, id);
    const places = [user, user.at(elsewhere), user, user.at(elsewhere)];
    const answers = await Promise.all(
      places.map((place, index) =>
        answer(place, elicitation.id, "ACCEPT", { colour: `c${index}-x` }),
      ),
    );
    const codes = answers.map((one) => codeOf(one) ?? one.data.answerElicitation.__typename);
    expect(codes.filter((code) => code === "CONFLICT")).toHaveLength(3);
    expect(codes).toContain("ElicitationAnswered");
    const winner = `c${codes.indexOf("ElicitationAnswered")}-x`;
    expect(answersIn(await awaitEnd(user, id))).toMatchObject([{ content: { colour: winner } }]);
    expect(codeOf(await answer(user, elicitation.id, "DECLINE"))).toBe("CONFLICT");
  });

  it("is for the person alone, whose tokens may answer that may run tools", async () => {
    const { user, serverId } = await setUp();
    const admin = await createAdmin(user);
    const reader = await createProgram(user, "READ");
    const runner = await createProgram(user, "EXECUTE");
    const { id } = await execute(user, serverId);
    const { elicitation } = await awaitQuestion(user, id);
    expect((await readRun(admin, id))?.status).toBe("WAITING_FOR_INPUT");
    expect((await readRun(admin, id))?.elicitation).toBeNull();
    const { node, log } = await admin.query(
      `query ($id: ID!, $workspaceId: ID!) {
        node(id: $id) { id }
        log: node(id: $workspaceId) { ... on Workspace {
          elicitations { nodes { id } totalCount }
          events(last: 5, filter: { types: [INPUT_REQUESTED] }) { nodes {
            id ... on InputRequested { elicitation { id message } }
          } }
        } }
      }`,
      { id: elicitation.id, workspaceId: user.workspaceId },
    );
    expect(node).toBeNull();
    expect(log.elicitations).toEqual({ nodes: [], totalCount: 0 });
    expect(log.events.nodes).toEqual([{ id: expect.any(String), elicitation: null }]);
    const content = { colour: "green" };
    expect(codeOf(await answer(admin, elicitation.id, "ACCEPT", content))).toBe("NOT_FOUND");
    const stranger = await gatehouse.signUp();
    expect(codeOf(await answer(stranger, elicitation.id, "ACCEPT", content))).toBe("NOT_FOUND");
    expect(codeOf(await answer(reader, elicitation.id, "ACCEPT", content))).toBe("FORBIDDEN");
    const { data } = await answer(runner, elicitation.id, "ACCEPT", content);
    expect(data.answerElicitation.__typename).toBe("ElicitationAnswered");
    expect(await awaitEnd(user, id)).toMatchObject({ status: "SUCCEEDED" });
  });

  it("runs out: the server is told, the tool goes on, and a late answer is CONFLICT", async () => {
    const { user, serverId } = await setUp();
    const { id } = await execute(user, serverId);
    const { elicitation } = await awaitQuestion(user, id);
    await gatehouse.db.$executeRaw`
      UPDATE "Elicitation" SET "expiresAt" = clock_timestamp() WHERE "id" = ${rowIdOf(elicitation.id)}::uuid`;
    const late = await answer(user, elicitation.id, "ACCEPT", { colour: "green" });
    expect(codeOf(late)).toBe("CONFLICT");
    const run = await awaitEnd(user, id);
    expect(answersIn(run)).toEqual([{ action: "cancel" }]);
    expect(await readStatus(user, elicitation.id)).toBe("EXPIRED");
  });

  it("ends with the run that is cancelled", async () => {
    const { user, serverId } = await setUp(startAskingLegacy);
    const { id } = await execute(user, serverId);
    const { elicitation } = await awaitQuestion(user, id);
    await user
      .at(elsewhere)
      .query("mutation ($id: ID!) { cancelToolExecution(id: $id) { status } }", { id });
    expect(await awaitEnd(user, id)).toMatchObject({ status: "CANCELLED", elicitation: null });
    expect(await readStatus(user, elicitation.id)).toBe("EXPIRED");
    expect(codeOf(await answer(user, elicitation.id, "ACCEPT", { colour: "green" }))).toBe(
      "CONFLICT",
    );
  });

  it("ends with the process that runs the tool", async () => {
    const { user, serverId } = await setUp();
    const doomed = await gatehouse.addProcess();
    const { id } = await execute(user.at(doomed), serverId);
    const { elicitation } = await awaitQuestion(user, id);
    await gatehouse.stopProcess(doomed);
    expect(await awaitEnd(user, id)).toMatchObject({ status: "INTERRUPTED" });
    expect(await readStatus(user, elicitation.id)).toBe("EXPIRED");
  });

  it("is over as soon as its run is, whether or not anybody wrote that down", async () => {
    const { user, serverId } = await setUp();
    const { id } = await execute(user, serverId);
    const { elicitation } = await awaitQuestion(user, id);
    // As whoever finds a dead process's runs does.
    const executionId = rowIdOf(id);
    await gatehouse.db.$executeRaw`
      UPDATE "ToolExecution" SET "status" = 'INTERRUPTED', "finishedAt" = clock_timestamp() WHERE "id" = ${executionId}::uuid`;
    expect(await readStatus(user, elicitation.id)).toBe("EXPIRED");
    expect(codeOf(await answer(user, elicitation.id, "DECLINE"))).toBe("CONFLICT");
  });

  it("is declined when it asks for a password, and the run says why", async () => {
    const { user, serverId } = await setUp();
    const properties = { password: { type: "string" } };
    const questions = [{ message: "Sign in.", requestedSchema: { type: "object", properties } }];
    const run = await execute(user, serverId, { questions }, true);
    expect(answersIn(run)).toEqual([{ action: "decline" }]);
    expect(run.notes).toEqual([expect.stringContaining("forms must not ask for secrets")]);
    expect((await readRun(user, run.id))?.notes).toEqual(run.notes);
    expect((await readRun(await createAdmin(user), run.id))?.notes).toBeNull();
    const asked = await gatehouse.db.elicitation.count({ where: { executionId: rowIdOf(run.id) } });
    expect(asked).toBe(0);
  });

  it("is kept sealed, and its answer erased as soon as it is handed over", async () => {
    const { user, serverId } = await setUp();
    const { id } = await execute(user, serverId);
    const { elicitation } = await awaitQuestion(user, id);
    await answer(user, elicitation.id, "ACCEPT", { colour: secretWord });
    await awaitEnd(user, id);
    const row = await gatehouse.db.elicitation.findUniqueOrThrow({
      where: { id: rowIdOf(elicitation.id) },
    });
    expect(row.answer).toBeNull();
    expect(Buffer.from(row.question).includes(secretWord)).toBe(false);
    const events = await gatehouse.db.workspaceEvent.findMany({
      where: { type: "INPUT_REQUESTED" },
    });
    expect(JSON.stringify(events.map(({ payload }) => payload))).not.toContain(secretWord);
    expect(gatehouse.log.join("\n")).not.toContain(secretWord);
  });

  it("does not run into the tool's timeout", async () => {
    const { user, serverId } = await setUp();
    const { executeTool } = await user.query(
      `mutation ($input: ExecuteToolInput!) { executeTool(input: $input) {
        ... on ToolExecuted { execution { id } }
      } }`,
      {
        input: {
          serverId,
          toolName: "ask",
          arguments: { questions: [colour] },
          timeoutMs: 1_000,
          wait: false,
        },
      },
    );
    const { id } = executeTool.execution;
    const { elicitation } = await awaitQuestion(user, id);
    const { createdAt } = await gatehouse.db.elicitation.findUniqueOrThrow({
      where: { id: rowIdOf(elicitation.id) },
    });
    const isOld = async () => {
      const [row] = await gatehouse.db.$queryRaw<{ isOld: boolean }[]>`
        SELECT clock_timestamp() > ${createdAt}::timestamptz + interval '1500 milliseconds' AS "isOld"`;
      return row?.isOld;
    };
    await expect.poll(isOld, { timeout: 20_000 }).toBe(true);
    await answer(user, elicitation.id, "ACCEPT", { colour: "green" });
    expect(await awaitEnd(user, id)).toMatchObject({ status: "SUCCEEDED" });
  });
});

async function readStatus(user: TestUser, id: string): Promise<string> {
  const { node } = await user.query(
    "query ($id: ID!) { node(id: $id) { ... on Elicitation { status } } }",
    { id },
  );
  return node.status;
}

describe("housekeeping", () => {
  it("ends questions that nobody ended, erases answers that nobody came for, and forgets both after a day", async () => {
    const { user } = await setUp();
    const workspaceId = rowIdOf(user.workspaceId);
    const insert = (status: "PENDING" | "ACCEPTED", ageMs: number) => {
      const createdAt = new Date(Date.now() - ageMs);
      const sealed = Buffer.from("sealed");
      const who = { userId: workspaceId, workspaceId, executionId: workspaceId };
      return gatehouse.db.elicitation.create({
        data: {
          ...who,
          mode: "FORM",
          status,
          question: sealed,
          answer: status === "ACCEPTED" ? sealed : null,
          createdAt,
          expiresAt: new Date(createdAt.getTime() + 300_000),
        },
      });
    };
    const minuteMs = 60_000;
    const open = await insert("PENDING", minuteMs);
    const late = await insert("PENDING", 10 * minuteMs);
    const left = await insert("ACCEPTED", 10 * minuteMs);
    const old = await insert("ACCEPTED", 25 * 60 * minuteMs);
    await cleanUp(gatehouse.db, { eventRetentionDays: 90 });
    const ids = [open, late, left, old].map(({ id }) => id);
    const rows = await gatehouse.db.elicitation.findMany({
      where: { id: { in: ids } },
      select: { id: true, status: true, answer: true },
      orderBy: { id: "asc" },
    });
    expect(rows).toEqual([
      { id: open.id, status: "PENDING", answer: null },
      { id: late.id, status: "EXPIRED", answer: null },
      { id: left.id, status: "ACCEPTED", answer: null },
    ]);
  });
});
