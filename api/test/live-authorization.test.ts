import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Bus, openBus } from "#events/bus.ts";
import { appendEvent } from "#events/log.ts";
import { topics } from "#events/topics.ts";
import { type AnswerGate, startAnswerGate } from "./support/answer-gate.ts";
import { appendForAll } from "./support/append.ts";
import { rowIdOf, type TestUser } from "./support/client.ts";
import { type Credential, follow, type Result, type Transport } from "./support/follower.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
import { createLossyBus } from "./support/lossy-bus.ts";

/** The bound of the requirement: no stream outlives its authorization by more than this. */
const boundMs = 2_000;

let gatehouse: TestGatehouse;
let gate: AnswerGate;
let bus: Bus;
/** The process that serves the streams. Authorizations end in another one, or in the database. */
let there: string;
const notifications = createLossyBus();

beforeAll(async () => {
  gatehouse = await startGatehouse();
  gate = await startAnswerGate(gatehouse.databaseUrl);
  there = await gatehouse.addProcess({}, gate.url, { openBus: notifications.openBus });
  bus = await openBus(gatehouse.databaseUrl);
});
afterEach(() => notifications.restore());
afterAll(async () => {
  await bus.close();
  await gatehouse[Symbol.asyncDispose]();
  await gate[Symbol.asyncDispose]();
});

/** A member of a workspace that is not their own, with a session and an API token that no process has seen yet. */
interface Member {
  owner: TestUser;
  ownerId: string;
  user: TestUser;
  userId: string;
  cookie: Credential;
  token: Credential;
  tokenId: string;
}

async function createMember(): Promise<Member> {
  const [owner, user] = [await gatehouse.signUp(), await gatehouse.signUp()];
  const idOf = async ({ email }: TestUser) =>
    (await gatehouse.db.user.findUniqueOrThrow({ where: { email } })).id;
  const userId = await idOf(user);
  const workspaceId = rowIdOf(owner.workspaceId);
  await gatehouse.db.membership.create({ data: { workspaceId, userId, role: "ADMIN" } });
  const { createApiToken } = await user.query(
    `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret apiToken { id } } }`,
    { input: { workspaceId: owner.workspaceId, name: "t", scope: "MANAGE" } },
  );
  return {
    owner,
    ownerId: await idOf(owner),
    user,
    userId,
    cookie: { cookie: user.cookie, origin: gatehouse.url },
    token: { token: createApiToken.secret },
    tokenId: createApiToken.apiToken.id,
  };
}

interface Cause {
  credential: "cookie" | "token";
  /** The statement that reads the authorization, in the process that serves the stream. */
  reading: RegExp;
  /** The kinds of notifications that announce it; none for an expiry. */
  kinds: string[];
  /** Null: the stream goes on with fewer rights. */
  end: { WebSocket: unknown; "server-sent events": unknown[] } | null;
  happen(member: Member): Promise<unknown>;
}

const session = /"Session"/;
const apiToken = /"isStale"/;
const membership = /FROM "public"\."Membership"/;
const unauthenticated = { WebSocket: 4401, "server-sent events": ["UNAUTHENTICATED", "complete"] };
const noMember = { WebSocket: "complete", "server-sent events": ["FORBIDDEN", "complete"] };
const noMemberByToken = { ...noMember, WebSocket: 4403 };
const globalUserId = (id: string) => Buffer.from(`User:${id}`).toString("base64url");
const removeMember = ({ owner, userId }: Member) =>
  owner.query(
    "mutation ($input: RemoveWorkspaceMemberInput!) { removeWorkspaceMember(input: $input) { id } }",
    { input: { workspaceId: owner.workspaceId, userId: globalUserId(userId) } },
  );

const causes: Record<string, Cause> = {
  "sign-out": {
    credential: "cookie",
    reading: session,
    kinds: ["ended"],
    end: unauthenticated,
    happen: ({ user }) =>
      fetch(`${gatehouse.url}/api/auth/sign-out`, {
        method: "POST",
        headers: { cookie: user.cookie, "content-type": "application/json" },
        body: "{}",
      }),
  },
  "session expiry": {
    credential: "cookie",
    reading: session,
    kinds: [],
    end: unauthenticated,
    happen: ({ userId }) =>
      gatehouse.db
        .$executeRaw`UPDATE "Session" SET "expiresAt" = clock_timestamp() WHERE "userId" = ${userId}::uuid`,
  },
  "token revocation": {
    credential: "token",
    reading: apiToken,
    kinds: ["ended"],
    end: unauthenticated,
    happen: ({ user, tokenId }) =>
      user.query("mutation ($id: ID!) { revokeApiToken(id: $id) { id } }", { id: tokenId }),
  },
  "token expiry": {
    credential: "token",
    reading: apiToken,
    kinds: [],
    end: unauthenticated,
    happen: ({ userId }) =>
      gatehouse.db
        .$executeRaw`UPDATE "ApiToken" SET "expiresAt" = clock_timestamp() WHERE "userId" = ${userId}::uuid`,
  },
  "removal of the member": {
    credential: "cookie",
    reading: membership,
    kinds: ["members"],
    end: noMember,
    happen: removeMember,
  },
  "removal of the token's owner": {
    credential: "token",
    reading: membership,
    kinds: ["members"],
    end: noMemberByToken,
    happen: removeMember,
  },
  "role change": {
    credential: "cookie",
    reading: membership,
    kinds: ["members"],
    end: null,
    happen: ({ owner, userId }) =>
      owner.query(
        "mutation ($input: ChangeMemberRoleInput!) { changeMemberRole(input: $input) { id } }",
        {
          input: {
            workspaceId: owner.workspaceId,
            userId: globalUserId(userId),
            role: "VIEWER",
          },
        },
      ),
  },
};
const transports: Transport[] = ["WebSocket", "server-sent events"];
const moments = [
  "the notification arrives",
  "the notification is lost",
  "it happens between the reading of the authorization and the first event",
] as const;

const query = `subscription ($id: ID!) { workspaceEvents(workspaceId: $id) { type occurredAt } }`;

function subscribe(transport: Transport, member: Member, credential: Credential) {
  const controller = new AbortController();
  const results = follow(transport, {
    url: there,
    credential,
    query,
    variables: { id: member.owner.workspaceId },
    signal: controller.signal,
  });
  return { results, leave: () => controller.abort() };
}

/** An event that every member may see. */
async function appendPublic({ owner }: Member): Promise<void> {
  const workspaceId = rowIdOf(owner.workspaceId);
  await appendForAll(gatehouse.db, workspaceId);
  bus.publish(topics.workspace(workspaceId));
}

/** An event of the owner's personal account, which an administrator may see. */
async function appendPersonal({ owner, ownerId }: Member): Promise<void> {
  await gatehouse.db.$transaction((tx) =>
    appendEvent(tx, {
      workspaceId: rowIdOf(owner.workspaceId),
      type: "OAUTH_STATE_CHANGED",
      actorId: null,
      serverId: null,
      userId: ownerId,
      payload: { previousState: "DISCONNECTED", state: "CONNECTED", reason: null },
    }),
  );
}

/** Appends until the stream delivers, as a new stream has no cursor. */
async function readFirst(results: AsyncGenerator<Result, void>, member: Member): Promise<void> {
  let isServed = false;
  const first = results.next().finally(() => (isServed = true));
  while (!isServed) {
    await appendPublic(member);
    await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  expect((await first).value).toMatchObject({ data: { workspaceEvents: {} } });
}

/** The codes of the errors to come, and how the stream ended: `complete`, or the close code. */
async function readEnd(results: AsyncGenerator<Result, void>): Promise<unknown[]> {
  const codes: unknown[] = [];
  try {
    for await (const { errors } of results) if (errors) codes.push(errors[0]?.extensions["code"]);
    return [...codes, "complete"];
  } catch (error) {
    return [...codes, (error as { code?: number }).code ?? error];
  }
}

/** Appends pairs of a personal and a public event until only the public one arrives. Answers when the last personal one was appended. */
async function readUntilHidden(
  results: AsyncGenerator<Result, void>,
  member: Member,
): Promise<number> {
  let lastPersonalMs = -Infinity;
  for (;;) {
    const appendedMs = performance.now();
    await appendPersonal(member);
    await appendPublic(member);
    const types: string[] = [];
    do {
      const { value } = await results.next();
      types.push(value?.data?.workspaceEvents.type);
    } while (types.at(-1) !== "SERVER_UPDATED");
    if (!types.includes("OAUTH_STATE_CHANGED")) return lastPersonalMs;
    lastPersonalMs = appendedMs;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const combinations = Object.keys(causes).flatMap((name) =>
  transports.flatMap((transport) => moments.map((moment) => ({ name, transport, moment }))),
);

describe("no stream outlives its authorization by more than two seconds", () => {
  it.each(combinations)("E8 E9 $name over $transport, when $moment", async (combination) => {
    const { transport, moment } = combination;
    const cause = causes[combination.name] as Cause;
    const member = await createMember();
    const opensLate = moment.startsWith("it happens between");
    const gap = opensLate ? gate.hold(cause.reading) : null;
    const { results, leave } = subscribe(transport, member, member[cause.credential]);
    let first: Promise<unknown> | null = null;
    if (gap) {
      first = results.next();
      first.catch(() => {});
      await gap.held;
    } else await readFirst(results, member);
    const isLost = moment === "the notification is lost";
    if (isLost) notifications.lose(...cause.kinds);
    const arrival = cause.kinds.length > 0 && !isLost ? notifications.nextOf(...cause.kinds) : null;
    await cause.happen(member);
    const endedMs = performance.now();
    // The notification has come and gone before anybody could know what it concerns.
    await arrival;
    gap?.release();
    const rest = first ? putBack(first as Promise<IteratorResult<Result, void>>, results) : results;
    if (cause.end) {
      const end = await readEnd(rest);
      expect(performance.now() - endedMs).toBeLessThan(boundMs);
      if (transport === "WebSocket") expect(end.at(-1)).toEqual(cause.end[transport]);
      else expect(end).toEqual(cause.end[transport]);
    } else expect((await readUntilHidden(rest, member)) - endedMs).toBeLessThan(boundMs);
    leave();
  });
});

/** The results, beginning with one that has been asked for. */
async function* putBack(
  first: Promise<IteratorResult<Result, void>>,
  results: AsyncGenerator<Result, void>,
): AsyncGenerator<Result, void> {
  const step = await first;
  if (step.done) return;
  yield step.value;
  yield* results;
}
