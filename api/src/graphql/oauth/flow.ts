import type { OAuthFlow as FlowRow } from "@gatehouse/prisma";
import { builder } from "../builder.ts";
import { findServer } from "../server/find-server.ts";
import { readId } from "../global-id.ts";

export const ClientRegistrationKind = builder.enumType("ClientRegistrationKind", {
  description: "How a client is known to an authorization server.",
  values: {
    PRE_REGISTERED: { description: "Someone registered it by hand and gave its id." },
    CLIENT_ID_METADATA_DOCUMENT: { description: "Its id is the URL of a document about it." },
    DYNAMIC: { description: "Registered by Gatehouse (RFC 7591)." },
  } as const,
});

const OAuthFlowStatus = builder.enumType("OAuthFlowStatus", {
  values: ["PENDING", "SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"] as const,
});

const OAuthFlowError = builder.enumType("OAuthFlowError", {
  values: {
    ACCESS_DENIED: { description: "The person or the authorization server said no." },
    AUTHORIZATION_SERVER_ERROR: {},
    INVALID_REQUEST: { description: "The callback lacks code or state." },
    WRONG_USER: { description: "Someone else is signed in; the attempt is burnt." },
    FORBIDDEN: { description: "Membership or role was lost meanwhile." },
    ISSUER_MISMATCH: {},
    TOKEN_EXCHANGE_FAILED: {},
    SERVER_GONE: {},
    SETTINGS_CHANGED: { description: "The server's settings changed during the attempt." },
    DISCOVERY_FAILED: {},
  } as const,
});

const OAuthFlowStepKind = builder.enumType("OAuthFlowStepKind", {
  values: [
    "PROBE",
    "PROTECTED_RESOURCE_METADATA",
    "AUTHORIZATION_SERVER_METADATA",
    "CLIENT_REGISTRATION",
    "CONSENT",
    "CALLBACK",
    "TOKEN_EXCHANGE",
    "TOOL_DISCOVERY",
  ] as const,
});
const StepOutcome = builder.enumType("StepOutcome", {
  values: ["OK", "FAILED", "SKIPPED"] as const,
});

/** As `oauth/steps.ts` writes it. */
interface StepShape {
  kind: (typeof OAuthFlowStepKind)["$inferType"];
  outcome: (typeof StepOutcome)["$inferType"];
  url?: string | null;
  httpStatus?: number | null;
  durationMs?: number | null;
  detail?: string | null;
  at: string;
}

export const OAuthFlowStep = builder.objectRef<StepShape>("OAuthFlowStep").implement({
  description: "One step of an attempt, with nothing secret in it.",
  fields: (t) => ({
    kind: t.expose("kind", { type: OAuthFlowStepKind }),
    outcome: t.expose("outcome", { type: StepOutcome }),
    url: t.field({
      type: "URL",
      nullable: true,
      description: "Where it went, query stripped.",
      resolve: ({ url }) => url ?? null,
    }),
    httpStatus: t.int({ nullable: true, resolve: ({ httpStatus }) => httpStatus ?? null }),
    durationMs: t.int({
      nullable: true,
      resolve: ({ durationMs }) => (durationMs == null ? null : Math.round(durationMs)),
    }),
    detail: t.string({ nullable: true, resolve: ({ detail }) => detail ?? null }),
    at: t.field({ type: "DateTime", resolve: ({ at }) => new Date(at) }),
  }),
});

export const OAuthFlow = builder.objectRef<FlowRow>("OAuthFlow");

/** An attempt that ran out unnoticed is over all the same. */
function hasExpired({ status, expiresAt }: FlowRow): boolean {
  return status === "PENDING" && expiresAt.getTime() <= Date.now();
}

builder.node(OAuthFlow, {
  description:
    "One attempt at consent. Attempts are independent: starting a second never breaks the first.",
  id: { resolve: ({ id }) => id },
  loadOne: (id, { services, caller }) => services.consent.findFlow(caller, id),
  fields: (t) => ({
    server: t.prismaField({
      type: "McpServer",
      nullable: true,
      description: "Null once the server is deleted.",
      resolve: findServer,
    }),
    status: t.field({
      type: OAuthFlowStatus,
      resolve: (flow) => (hasExpired(flow) ? "EXPIRED" : flow.status),
    }),
    error: t.field({ type: OAuthFlowError, nullable: true, resolve: ({ error }) => error }),
    errorDetail: t.exposeString("errorDetail", {
      nullable: true,
      description: "What the authorization server said, shortened and stripped of secrets.",
    }),
    steps: t.field({
      type: [OAuthFlowStep],
      description: "Every step that was really taken, in order.",
      resolve: ({ steps }) => steps as unknown as StepShape[],
    }),
    startedAt: t.expose("startedAt", { type: "DateTime" }),
    expiresAt: t.expose("expiresAt", { type: "DateTime" }),
    finishedAt: t.expose("finishedAt", { type: "DateTime", nullable: true }),
  }),
});

builder.queryField("oauthFlow", (t) =>
  t.field({
    type: OAuthFlow,
    nullable: true,
    description: "An attempt of the caller's.",
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { services, caller }) => {
      const flowId = readId(id, "OAuthFlow");
      return flowId ? services.consent.findFlow(caller, flowId) : null;
    },
  }),
);
