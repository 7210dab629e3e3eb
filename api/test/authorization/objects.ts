import { createHash, randomBytes, randomUUID } from "node:crypto";
import { WorkspaceEventType } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import { appendEvent } from "#events/log.ts";
import { encodeGlobalId } from "#graphql/global-id.ts";
import { type OfferingCounterparty, startModernOffering } from "../counterparties/offering.ts";
import { connect, createServer, rowIdOf } from "../support/client.ts";
import type { TestGatehouse } from "../support/gatehouse.ts";
import type { Maker } from "./asking.ts";
import type { MatrixCaller, People } from "./callers.ts";

const hour = 3_600_000;

/** What the documents of the table are about: everything in the owner's workspace; what is personal is the member's. */
export async function makeObjects(
  gatehouse: TestGatehouse,
  people: People,
  box: SealedBox,
): Promise<{ makers: Record<string, Maker>; offering: OfferingCounterparty }> {
  const { db } = gatehouse;
  const { owner, member, viewer, idOf } = people;
  const offering = await startModernOffering();
  const workspaceId = rowIdOf(owner.workspaceId);
  const memberId = idOf(member);
  const { slug } = await db.workspace.findUniqueOrThrow({ where: { id: workspaceId } });

  // A shared account, so that everybody sees the same tools.
  const serverId = await createServer(owner, offering.url, {
    authType: "NONE",
    credentialScope: "WORKSPACE",
  });
  const [eventServer, shared] = await Promise.all([
    createServer(owner, `${offering.url}?b`, { authType: "NONE" }),
    createServer(owner, gatehouse.sandbox.weatherUrl, { credentialScope: "WORKSPACE" }),
  ]);
  await connect(owner, shared);
  await owner.query("mutation ($id: ID!) { refreshTools(serverId: $id) { id } }", { id: serverId });
  for (const list of ["tools", "prompts", "resources", "resourceTemplates"])
    await owner.query(`query ($id: ID!) { mcpServer(id: $id) { ${list} { totalCount } } }`, {
      id: serverId,
    });
  await owner.query(
    'mutation ($id: ID!) { approveTool(input: { serverId: $id, toolName: "look" }) { id } }',
    { id: serverId },
  );

  async function makeServer(data: object = {}): Promise<string> {
    const url = `${offering.url}?${randomUUID()}`;
    const settings = { name: "s", url, authType: "NONE" as const, headerNames: [], workspaceId };
    return (await db.mcpServer.create({ data: { ...settings, createdById: idOf(owner), ...data } }))
      .id;
  }
  const oauth = { authType: "OAUTH" as const, url: gatehouse.sandbox.notesUrl };
  const personal = await makeServer(oauth);

  async function makeGrant(state: "CONNECTED" | "REAUTH_REQUIRED", ownerId: string, at: string) {
    await db.oAuthGrant.create({
      data: {
        serverId: at,
        ownerId,
        state,
        reason: state === "CONNECTED" ? null : "GRANT_INVALID",
        connectedById: memberId,
      },
    });
  }
  await makeGrant("REAUTH_REQUIRED", memberId, personal);

  const makeFlow = async (userId: string, at = personal) =>
    (
      await db.oAuthFlow.create({
        data: {
          mode: "POPUP",
          configVersion: 1,
          steps: [{ kind: "PROBE", outcome: "OK", at: new Date().toISOString() }],
          expiresAt: new Date(Date.now() + hour),
          userId,
          ownerId: at === personal ? userId : workspaceId,
          workspaceId,
          serverId: at,
        },
      })
    ).id;
  /** With everything of its own that there can be. */
  const makeRun = async (userId: string, status: "WAITING_FOR_INPUT" | "SUCCEEDED") => {
    const id = randomUUID();
    const seal = (column: string, value: unknown) =>
      box.seal(JSON.stringify(value), { table: "ToolExecution", column, rowId: id });
    return (
      await db.toolExecution.create({
        data: {
          id,
          toolName: "look",
          status,
          finishedAt: status === "SUCCEEDED" ? new Date() : null,
          arguments: seal("arguments", {}),
          result: seal("result", {
            content: [{ type: "text", text: "done" }],
            structuredContent: null,
          }),
          progress: seal("progress", { progress: 1, total: null, message: null }),
          contentExpiresAt: new Date(Date.now() + hour),
          ownerId: userId,
          startedById: userId,
          workspaceId,
          serverId: rowIdOf(serverId),
        },
      })
    ).id;
  };
  const makeQuestion = async (userId: string) =>
    (
      await db.elicitation.create({
        data: {
          mode: "FORM",
          question: Buffer.from("not opened here"),
          expiresAt: new Date(Date.now() + hour),
          userId,
          workspaceId,
          executionId: await makeRun(userId, "WAITING_FOR_INPUT"),
          serverId: rowIdOf(serverId),
        },
      })
    ).id;
  const makeApiToken = async (userId: string) =>
    (
      await db.apiToken.create({
        data: {
          name: "t",
          scope: "READ",
          prefix: "p",
          hash: randomBytes(32),
          workspaceId,
          userId,
        },
      })
    ).id;
  const makeUser = async () => {
    const email = `${randomUUID()}@example.com`;
    return (await db.user.create({ data: { name: "x", email } })).id;
  };
  const makeMembership = async () => {
    const userId = await makeUser();
    await db.membership.create({ data: { workspaceId, userId, role: "VIEWER" } });
    return userId;
  };
  /** Far ahead of the log, so that nothing is delivered to it. */
  const makeEndpoint = async () => {
    const id = randomUUID();
    const secret = box.seal("whsec_c2VjcmV0", {
      table: "WebhookEndpoint",
      column: "secret",
      rowId: id,
    });
    const url = `${offering.url}/hook`;
    await db.webhookEndpoint.create({
      data: { id, url, secret, afterSeq: 1_000_000n, workspaceId },
    });
    return id;
  };
  const makeDelivery = async () =>
    (
      await db.webhookDelivery.create({
        data: {
          eventId: randomUUID(),
          state: "GIVEN_UP",
          occurredAt: new Date(),
          endpointId: await makeEndpoint(),
        },
      })
    ).id;
  const makeInvitation = async (token: string, at: string, acceptedById: string | null = null) =>
    (
      await db.invitation.create({
        data: {
          role: "VIEWER",
          tokenHash: createHash("sha256").update(token).digest(),
          expiresAt: new Date(Date.now() + hour),
          endsAt: new Date(Date.now() + hour),
          workspaceId: at,
          createdById: idOf(owner),
          acceptedById,
        },
      })
    ).id;
  /** With the same people in it. */
  const makeWorkspace = async () => {
    const memberships = await db.membership.findMany({ where: { workspaceId } });
    const others = memberships.map(({ userId, role }) => ({ userId, role }));
    others.push({ userId: await makeUser(), role: "OWNER" });
    const { id } = await db.workspace.create({
      data: { name: "w", slug: randomUUID(), memberships: { create: others } },
    });
    return id;
  };
  const makeInvitationToken = async () => {
    const token = randomBytes(32).toString("base64url");
    // Whoever accepts shares it with nobody whom they must not see.
    const { id } = await db.workspace.create({ data: { name: "w", slug: randomUUID() } });
    await makeInvitation(token, id);
    return token;
  };

  const run = await makeRun(memberId, "SUCCEEDED");
  const question = await makeQuestion(memberId);
  const { executionId: waitingRun } = await db.elicitation.findUniqueOrThrow({
    where: { id: question },
  });
  const apiToken = await makeApiToken(memberId);
  const endpoint = await makeEndpoint();
  await db.webhookDelivery.create({
    data: {
      eventId: randomUUID(),
      state: "DELIVERED",
      occurredAt: new Date(),
      endpointId: endpoint,
    },
  });
  const invitation = await makeInvitation("none", workspaceId, idOf(viewer));
  await makeFlow(idOf(owner), rowIdOf(shared));
  const { eventCursor } = (
    await owner.query("query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }", {
      id: owner.workspaceId,
    })
  ).node;
  const append = (type: WorkspaceEventType, serverId: string, userId: string | null) =>
    db.$transaction((tx) =>
      appendEvent(tx, {
        workspaceId,
        type,
        actorId: memberId,
        serverId: rowIdOf(serverId),
        userId,
        payload: {
          apiTokenId: apiToken,
          userId: memberId,
          executionId: waitingRun,
          elicitationId: question,
          invitationId: invitation,
          webhookEndpointId: endpoint,
          change: "CREATED",
        },
      }),
    );
  /** About no personal account. */
  const isOfWorkspace = /^(?:SERVER|MEMBER|TOOL_POLICY|WORKSPACE|INVITATION|WEBHOOK)_/;
  for (const type of Object.values(WorkspaceEventType))
    await append(type, eventServer, isOfWorkspace.test(type) ? null : memberId);
  // Whoever may see no other is told of this one.
  await append("OAUTH_STATE_CHANGED", shared, null);

  const fixed = (typename: string | null, id: string): Maker => ({
    typename,
    make: () =>
      typename && !id.includes(":") && id.includes("-") ? encodeGlobalId(typename, id) : id,
  });
  const fresh = (typename: string, make: (caller: MatrixCaller) => Promise<string>): Maker => ({
    typename,
    make: async (caller) => encodeGlobalId(typename, await make(caller)),
  });
  const makers: Record<string, Maker> = {
    workspace: { typename: "Workspace", make: () => owner.workspaceId },
    slug: { typename: null, make: () => slug },
    cursor: { typename: null, make: () => eventCursor },
    url: { typename: null, make: () => offering.url },
    server: { typename: "McpServer", make: () => serverId },
    eventServer: { typename: "McpServer", make: () => eventServer },
    personal: fixed("McpServer", personal),
    shared: { typename: "McpServer", make: () => shared },
    run: fixed("ToolExecution", run),
    waitingRun: fixed("ToolExecution", waitingRun),
    question: fixed("Elicitation", question),
    endpoint: fixed("WebhookEndpoint", endpoint),
    apiToken: fixed("ApiToken", apiToken),
    invitation: fixed("Invitation", invitation),
    flow: fixed("OAuthFlow", await makeFlow(memberId)),
    membership: fixed(
      "WorkspaceMember",
      (await db.membership.findFirstOrThrow({ where: { workspaceId, userId: memberId } })).id,
    ),
    user: fixed("User", memberId),
    freshServer: fresh("McpServer", () => makeServer()),
    freshPersonal: fresh("McpServer", () => makeServer(oauth)),
    freshShared: fresh("McpServer", () => makeServer({ ...oauth, credentialScope: "WORKSPACE" })),
    freshKeyed: fresh("McpServer", () => makeServer({ authType: "HEADERS" })),
    deletedServer: fresh("McpServer", () => makeServer({ deletedAt: new Date() })),
    freshFlow: fresh("OAuthFlow", () => makeFlow(memberId)),
    ownFlow: fresh("OAuthFlow", ({ userId }) => makeFlow(userId)),
    freshRun: fresh("ToolExecution", () => makeRun(memberId, "SUCCEEDED")),
    ownRun: fresh("ToolExecution", ({ userId }) => makeRun(userId, "SUCCEEDED")),
    freshQuestion: fresh("Elicitation", () => makeQuestion(memberId)),
    ownQuestion: fresh("Elicitation", ({ userId }) => makeQuestion(userId)),
    freshMember: fresh("User", makeMembership),
    freshToken: fresh("ApiToken", () => makeApiToken(memberId)),
    ownToken: fresh("ApiToken", ({ name, userId }) =>
      makeApiToken(name === "nobody" ? memberId : userId),
    ),
    freshEndpoint: fresh("WebhookEndpoint", makeEndpoint),
    freshDelivery: fresh("WebhookDelivery", makeDelivery),
    freshInvitation: fresh("Invitation", () => makeInvitation(randomUUID(), workspaceId)),
    freshInvitationToken: { typename: null, make: makeInvitationToken },
    freshWorkspace: fresh("Workspace", makeWorkspace),
  };
  return { makers, offering };
}
