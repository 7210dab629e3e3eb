import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import {
  type AskingCounterparty,
  startAskingLegacy,
  startAskingModern,
} from "../../../test/counterparties/asking.ts";
import { startEverything } from "../../../test/counterparties/everything.ts";
import type { Counterparty } from "../../../test/counterparties/listen.ts";
import {
  sendJson,
  sendResult,
  startScripted,
  startScriptedModern,
} from "../../../test/counterparties/scripted.ts";
import type { ScriptedCall } from "../../../test/counterparties/scripted.ts";
import { callTool } from "../calls/execute.ts";
import type { ToolCall } from "../calls/execute.ts";
import type { Answer, Question } from "./elicitation.ts";
import { MAX_ELICITATIONS } from "./elicitation-queue.ts";
import type { Session, SessionTarget } from "../connection/session.ts";
import { withSession } from "../connection/session.ts";
import { createServerStreams } from "../connection/server-stream.ts";
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

/** A user who gives the answers in order, and records the questions. */
function createPerson(...answers: (Answer | ((question: Question) => Promise<Answer>))[]) {
  const asked: Question[] = [];
  const ended: boolean[] = [];
  const asking: NonNullable<ToolCall["asking"]> = {
    allowsLoopback: true,
    async ask(question, signal) {
      const answer = answers[Math.min(asked.length, answers.length - 1)];
      asked.push(question);
      const over = new Promise<Answer>((resolve) => {
        const end = () => {
          ended.push(true);
          resolve({ action: "cancel" });
        };
        if (signal.aborted) end();
        else signal.addEventListener("abort", end, { once: true });
      });
      return Promise.race([
        typeof answer === "function" ? answer(question) : answer,
        over,
      ]) as Promise<Answer>;
    },
  };
  return { asking, asked, ended };
}

const colour = {
  message: "Which colour?",
  requestedSchema: { type: "object", properties: { colour: { type: "string" } } },
};
const green: Answer = { action: "accept", content: { colour: "green" } };
const address = { mode: "url", message: "Sign in there.", url: "https://example.com/in" };
const accept: Answer = { action: "accept", content: null };
/** Never answers. */
const silent = () => new Promise<Answer>(() => {});

const ask = (
  session: Session,
  asking: ToolCall["asking"],
  args: object,
  changes: Partial<ToolCall> = {},
) =>
  callTool(session, {
    name: "ask",
    arguments: { questions: [colour], ...args },
    timeoutMs: 10_000,
    asking,
    ...changes,
  });
const askAt = (
  server: Counterparty,
  person: { asking: ToolCall["asking"] },
  args: object = {},
  changes: Partial<ToolCall> = {},
  target: Partial<SessionTarget> = {},
) =>
  withSession(createTarget(server.url, target), (session) =>
    ask(session, person.asking, args, changes),
  );
const answerOf = (text: unknown) => ({
  kind: "result",
  isError: false,
  content: [{ type: "text", text: JSON.stringify(text) }],
});

const eras = [
  ["modern", startAskingModern],
  ["legacy", startAskingLegacy],
] as const;

describe.each(eras)("a question of a %s server", (_era, start) => {
  const startIt = () => use<AskingCounterparty>(start());

  it("reaches the person, and the answer the server", async () => {
    const server = await startIt();
    const person = createPerson(green);
    expect(await askAt(server, person)).toMatchObject(answerOf([green]));
    expect(person.asked).toMatchObject([
      { mode: "form", message: "Which colour?", requestedSchema: { type: "object" } },
    ]);
  });

  it.each(["decline", "cancel"] as const)("can be answered by %s", async (action) => {
    const server = await startIt();
    expect(await askAt(server, createPerson({ action }))).toMatchObject(answerOf([{ action }]));
  });

  it("may be an address to open", async () => {
    const server = await startIt();
    const person = createPerson(accept);
    const questions = [{ ...address, elicitationId: "1" }];
    expect(await askAt(server, person, { questions })).toMatchObject(
      answerOf([{ action: "accept" }]),
    );
    expect(person.asked).toEqual([address]);
  });

  it("is offered to be answered, and nothing else is", async () => {
    const server = await startIt();
    await askAt(server, createPerson(green));
    expect(server.capabilities()).toEqual({ elicitation: { form: {}, url: {} } });
  });

  it("stops the call's clock", async () => {
    const server = await startIt();
    const slow = (): Promise<Answer> =>
      new Promise((resolve) => {
        setTimeout(() => resolve(green), 1_500);
      });
    expect(await askAt(server, createPerson(slow), {}, { timeoutMs: 1_000 })).toMatchObject(
      answerOf([green]),
    );
  });

  it("comes one after the other, even when several are asked at once", async () => {
    const server = await startIt();
    let open = 0;
    let most = 0;
    const person = createPerson(async () => {
      most = Math.max(most, (open += 1));
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      return green;
    });
    const questions = Array.from({ length: 4 }, () => colour);
    expect(await askAt(server, person, { questions, together: true })).toMatchObject(
      answerOf(questions.map(() => green)),
    );
    expect({ asked: person.asked.length, most }).toEqual({ asked: 4, most: 1 });
  });

  it("is declined when there were too many", async () => {
    const server = await startIt();
    const person = createPerson(green);
    const questions = Array.from({ length: 1_000 }, () => colour);
    const answer = await askAt(
      server,
      person,
      { questions, together: true },
      { timeoutMs: 150_000 },
    );
    expect(answer).toMatchObject({
      ...answerOf(
        questions.map((_, index) => (index < MAX_ELICITATIONS ? green : { action: "decline" })),
      ),
      notes: ["The server asked more than 10 questions. The remaining ones were declined."],
    });
    expect(person.asked).toHaveLength(MAX_ELICITATIONS);
  }, 180_000);

  it("is cut to size", async () => {
    const server = await startIt();
    const person = createPerson(green);
    const questions = [{ ...colour, message: "x".repeat(1024 * 1024) }];
    expect(await askAt(server, person, { questions })).toMatchObject(answerOf([green]));
    expect(person.asked[0]?.message).toHaveLength(4_000);
  });

  it.each([
    [
      "a password",
      {
        ...colour,
        requestedSchema: { type: "object", properties: { password: { type: "string" } } },
      },
      "a password or another secret",
    ],
    [
      "a password by its format",
      {
        ...colour,
        requestedSchema: {
          type: "object",
          properties: { a: { type: "string", format: "password" } },
        },
      },
      "a password or another secret",
    ],
    [
      "an object in an object",
      { ...colour, requestedSchema: { type: "object", properties: { a: { type: "object" } } } },
      "has a type that the protocol does not allow",
    ],
    [
      "an address that is not https",
      { ...address, url: "http://example.com/", elicitationId: "1" },
      "not https",
    ],
  ])("for %s is declined, and the call says why", async (_what, question, note) => {
    const server = await startIt();
    const person = createPerson(green);
    expect(await askAt(server, person, { questions: [question] })).toMatchObject({
      ...answerOf([{ action: "decline" }]),
      notes: [expect.stringContaining(note)],
    });
    expect(person.asked).toEqual([]);
  });

  it("has no credential of ours in it", async () => {
    const server = await startIt();
    const person = createPerson(green);
    const target: Partial<SessionTarget> = {
      credentials: {
        headers: async () => ({
          kind: "headers",
          headers: { authorization: "Bearer abcdefghijk" },
        }),
        refused: async () => ({ stop: null }),
      },
    };
    const questions = [
      { ...colour, message: "abcdefghijk?" },
      { ...address, url: "https://example.com/?t=abcdefghijk", elicitationId: "1" },
    ];
    expect(await askAt(server, person, { questions }, {}, target)).toMatchObject(
      answerOf([green, { action: "decline" }]),
    );
    expect(person.asked).toMatchObject([{ message: "[redacted]?" }]);
  });

  it("ends with the call", async () => {
    const server = await startIt();
    const person = createPerson(silent);
    const stop = new AbortController();
    const asked = Promise.withResolvers<void>();
    const { ask: put } = person.asking;
    person.asking.ask = (question, signal) => {
      asked.resolve();
      return put(question, signal);
    };
    const answer = askAt(server, person, {}, { signal: stop.signal });
    await asked.promise;
    stop.abort();
    expect(await answer).toEqual({ kind: "cancelled", sent: true });
    expect(person.ended).toEqual([true]);
  });

  it("belongs to the call that caused it, however many share the session", async () => {
    const server = await startIt();
    const names = Array.from({ length: 8 }, (_, index) => `call ${index}`);
    const people = names.map((name) =>
      createPerson(async ({ message }) => ({
        action: "accept",
        content: { colour: `${name}: ${message}` },
      })),
    );
    const answers = await withSession(createTarget(server.url), (session) =>
      Promise.all(
        names.map((name, index) =>
          ask(session, people[index]?.asking, {
            questions: [{ ...colour, message: name }, colour],
          }),
        ),
      ),
    );
    expect(answers).toMatchObject(
      names.map((name) =>
        answerOf([
          { action: "accept", content: { colour: `${name}: ${name}` } },
          { action: "accept", content: { colour: `${name}: Which colour?` } },
        ]),
      ),
    );
  });
});

describe("a legacy server that asks on the session's own stream", () => {
  const target = { standing: createServerStreams() };

  it("asks the person of the only call under way", async () => {
    const server = await use(startAskingLegacy());
    const person = createPerson(green);
    expect(await askAside(server, person)).toMatchObject(answerOf([green]));
  });

  it("is declined while it cannot be told whose call it is", async () => {
    const server = await use(startAskingLegacy());
    const waiting = createPerson(silent);
    const asked = Promise.withResolvers<void>();
    const { ask: put } = waiting.asking;
    waiting.asking.ask = (question, signal) => {
      asked.resolve();
      return put(question, signal);
    };
    const person = createPerson(green);
    const stop = new AbortController();
    const answer = await withSession(createTarget(server.url, target), async (session) => {
      await untilStanding(session);
      const first = ask(session, waiting.asking, {}, { signal: stop.signal });
      await asked.promise;
      const second = await ask(session, person.asking, { aside: true });
      stop.abort();
      await first;
      // The question may belong to the first call, which was not answered.
      return [second, await ask(session, person.asking, { aside: true })];
    });
    expect(answer).toMatchObject([
      answerOf([{ action: "decline" }]),
      answerOf([{ action: "decline" }]),
    ]);
    expect(person.asked).toEqual([]);
  });

  function askAside(server: Counterparty, person: { asking: ToolCall["asking"] }) {
    return withSession(createTarget(server.url, target), async (session) => {
      await untilStanding(session);
      return ask(session, person.asking, { aside: true });
    });
  }
  /** The stream is open once a message arrives on it that does not belong to a call. */
  async function untilStanding(session: Session) {
    for (;;) {
      const person = createPerson(green);
      const args = { aside: true, patienceMs: 200 };
      const answer = await ask(session, person.asking, args);
      if (answer.kind === "result" && !answer.isError) return;
    }
  }
});

describe("a legacy server", () => {
  it("that withdraws its question is not answered any more", async () => {
    const server = await use(startAskingLegacy());
    const person = createPerson(silent);
    const answer = await askAt(server, person, { patienceMs: 200 });
    expect(answer).toMatchObject({ kind: "result", isError: true });
    expect(person.ended).toEqual([true]);
  });

  it("that asks and does not wait is not answered any more", async () => {
    const server = await use(startAskingLegacy());
    const person = createPerson(silent);
    const answer = await askAt(server, person, {}, { name: "ask-and-go" });
    expect(answer).toMatchObject(answerOf("gone"));
    expect(person.ended).toEqual(person.asked.map(() => true));
  });

  it("may want an address to be opened before it runs", async () => {
    const server = await use(startAskingLegacy());
    const person = createPerson(accept);
    const questions = [{ ...address, elicitationId: "1" }];
    expect(await askAt(server, person, { questions, byError: true })).toMatchObject(
      answerOf("opened"),
    );
    expect(person.asked).toEqual([address]);
  });

  it("is not called again when that is not done", async () => {
    const server = await use(startAskingLegacy());
    const person = createPerson({ action: "decline" });
    const questions = [{ ...address, elicitationId: "1" }];
    expect(await askAt(server, person, { questions, byError: true })).toMatchObject({
      kind: "protocol-error",
      code: "input-required",
    });
    const other = createPerson(accept);
    expect(await askAt(server, other, { questions, byError: true })).toMatchObject(
      answerOf("opened"),
    );
  });

  it("that goes away while the person is asked has failed the call", async () => {
    const streams: ServerResponse[] = [];
    const server = await use(
      startScripted((it, response) => {
        if (answerHandshake(it, response)) return;
        if (it.method !== "tools/call") return void response.writeHead(202).end();
        response.writeHead(200, { "content-type": "text/event-stream" });
        streams.push(response);
        sendEvent(response, { id: 1, method: "elicitation/create", params: colour });
      }),
    );
    const person = createPerson(silent);
    const { ask: put } = person.asking;
    person.asking.ask = (question, signal) => {
      for (const stream of streams) stream.destroy();
      return put(question, signal);
    };
    expect(await askAt(server, person)).toMatchObject({ kind: "unreachable", sent: "unknown" });
    expect(person.ended).toEqual([true]);
  });

  it("that asks after the answer is declined", async () => {
    const server = await use(
      startScripted((it, response) => {
        if (answerHandshake(it, response)) return;
        if (it.method !== "tools/call") return void response.writeHead(202).end();
        response.writeHead(200, { "content-type": "text/event-stream" });
        sendEvent(response, { id: it.id, result: { content: [] } });
        sendEvent(response, { id: "late", method: "elicitation/create", params: colour });
      }),
    );
    const person = createPerson(green);
    await withSession(createTarget(server.url), async (session) => {
      expect(await ask(session, person.asking, {})).toMatchObject({ kind: "result" });
      await expect
        .poll(() => server.answers.find(({ id }) => id === "late"))
        .toMatchObject({ result: { action: "decline" } });
    });
    expect(person.asked).toEqual([]);
  });

  it("is declined where nobody is there to be asked", async () => {
    const server = await use(startAskingLegacy());
    expect(await askAt(server, { asking: undefined })).toMatchObject(
      answerOf([{ action: "decline" }]),
    );
  });

  function answerHandshake(it: ScriptedCall, response: ServerResponse): boolean {
    if (it.method === "server/discover") {
      sendJson(response, 200, { jsonrpc: "2.0", id: it.id, error: { code: -32_601, message: "" } });
    } else if (it.method === "initialize") {
      const serverInfo = { name: "scripted", version: "0.0.0" };
      const capabilities = { tools: {} };
      sendResult(it, response, { protocolVersion: "2025-11-25", capabilities, serverInfo });
    } else return false;
    return true;
  }
  function sendEvent(response: ServerResponse, message: object) {
    response.write(`data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`);
  }
});

describe("a modern server", () => {
  it("gets its state back as it was, and not when it gave none", async () => {
    const seen: unknown[] = [];
    const server = await use(
      startScriptedModern(({ method, params }) => {
        if (method !== "tools/call") return {};
        seen.push([params["requestState"], Object.keys(params["inputResponses"] ?? {})]);
        const inputRequests = { a: { method: "elicitation/create", params: colour } };
        if (seen.length === 1)
          return { resultType: "input_required", inputRequests, requestState: '{"x": 1}' };
        if (seen.length === 2) return { resultType: "input_required", inputRequests };
        return { content: [] };
      }),
    );
    expect(await askAt(server, createPerson(green))).toMatchObject({ kind: "result" });
    expect(seen).toEqual([
      [undefined, []],
      ['{"x": 1}', ["a"]],
      [undefined, ["a"]],
    ]);
  });

  it("that asks again and again ends as failed", async () => {
    const inputRequests = { a: { method: "elicitation/create", params: colour } };
    const server = await use(
      startScriptedModern(() => ({ resultType: "input_required", inputRequests })),
    );
    const person = createPerson(green);
    expect(await askAt(server, person)).toMatchObject({
      kind: "protocol-error",
      code: "input-required",
    });
    expect(person.asked).toHaveLength(MAX_ELICITATIONS);
  });

  it.each(["sampling/createMessage", "roots/list", "nonsense"])(
    "is not given %s",
    async (method) => {
      const inputRequests = { a: { method, params: {} } };
      const server = await use(
        startScriptedModern(() => ({ resultType: "input_required", inputRequests })),
      );
      expect(await askAt(server, createPerson(green))).toMatchObject({
        kind: "protocol-error",
        code: "input-required",
        message: "The server requires a client capability that Gatehouse does not support.",
      });
    },
  );
});

describe("the reference server's questions", () => {
  it("reach the person: a form of every kind of field, and an address", async () => {
    const server = await use(startEverything());
    const person = createPerson(async (question) =>
      question.mode === "url"
        ? accept
        : { action: "accept", content: { name: "Ada", check: true } },
    );
    const answers: unknown[] = [];
    await withSession(createTarget(server.url), async (session) => {
      const run = (name: string, args = {}) =>
        callTool(session, { name, arguments: args, timeoutMs: 10_000, asking: person.asking });
      const url = "https://example.com/";
      answers.push(await run("trigger-elicitation-request"));
      answers.push(await run("trigger-url-elicitation", { url }));
      answers.push(await run("trigger-url-elicitation", { url, errorPath: true }));
    });
    expect(JSON.stringify(answers[0])).toContain("Ada");
    expect(answers).toMatchObject([1, 2, 3].map(() => ({ kind: "result", isError: false })));
    expect(person.asked.map(({ mode }) => mode)).toEqual(["form", "url", "url", "url"]);
    const [form] = person.asked;
    expect(
      form?.mode === "form" && Object.keys(form.requestedSchema["properties"] ?? {}),
    ).toHaveLength(13);
  });
});
