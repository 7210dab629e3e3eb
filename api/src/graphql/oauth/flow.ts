import type { OAuthFlow as FlowRow } from "@gatehouse/prisma";
import { suggestScopes } from "#services/consent/refused-parameters.ts";
import { builder } from "../builder.ts";
import { findServer } from "../server/find-server.ts";
import { readId } from "../global-id.ts";

export const ClientRegistrationKind = builder.enumType("ClientRegistrationKind", {
  description: "The ways in which a client is registered at an authorization server.",
  values: {
    PRE_REGISTERED: {
      description:
        "The client was registered manually and its ID was entered in the server's settings.",
    },
    CLIENT_ID_METADATA_DOCUMENT: {
      description: "The client ID is the URL of a client ID metadata document.",
    },
    DYNAMIC: { description: "The client was registered dynamically by Gatehouse (RFC 7591)." },
  } as const,
});

const OAuthFlowStatus = builder.enumType("OAuthFlowStatus", {
  values: ["PENDING", "SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"] as const,
});

const OAuthFlowError = builder.enumType("OAuthFlowError", {
  values: {
    ACCESS_DENIED: { description: "The user or the authorization server denied access." },
    AUTHORIZATION_SERVER_ERROR: {},
    INVALID_REQUEST: { description: "The callback has no code or state parameter." },
    WRONG_USER: {
      description:
        "The callback was opened while another user was signed in. The attempt cannot be continued.",
    },
    FORBIDDEN: { description: "The user lost the required membership or role during the attempt." },
    ISSUER_MISMATCH: {},
    TOKEN_EXCHANGE_FAILED: {},
    SERVER_GONE: {},
    SETTINGS_CHANGED: { description: "The settings of the server changed during the attempt." },
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

/** The stored form, which `oauth/flow-steps.ts` writes. */
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
  description: "A step of a consent attempt. Contains no secrets.",
  fields: (t) => ({
    kind: t.expose("kind", { type: OAuthFlowStepKind }),
    outcome: t.expose("outcome", { type: StepOutcome }),
    url: t.field({
      type: "URL",
      nullable: true,
      description: "The URL of the request, without its query string.",
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

/** A flow that has expired counts as ended before its row is updated. */
function hasExpired({ status, expiresAt }: FlowRow): boolean {
  return status === "PENDING" && expiresAt.getTime() <= Date.now();
}

builder.node(OAuthFlow, {
  description:
    "An attempt to obtain consent. Attempts are independent: a new attempt does not affect earlier ones.",
  id: { resolve: ({ id }) => id },
  loadOne: (id, { services, caller }) => services.consent.findFlow(caller, id),
  fields: (t) => ({
    server: t.prismaField({
      type: "McpServer",
      nullable: true,
      description: "The MCP server that the attempt connects to. Null if it has been deleted.",
      resolve: findServer,
    }),
    status: t.field({
      type: OAuthFlowStatus,
      resolve: (flow) => (hasExpired(flow) ? "EXPIRED" : flow.status),
    }),
    error: t.field({ type: OAuthFlowError, nullable: true, resolve: ({ error }) => error }),
    errorDetail: t.exposeString("errorDetail", {
      nullable: true,
      description:
        "The error message of the authorization server, shortened and with secrets removed.",
    }),
    suggestedScopes: t.field({
      type: ["String"],
      description:
        "The scopes that the authorization server supports, if it refused a request that named none. Set them as the server's oauthScopes and start again. Otherwise empty.",
      resolve: (flow) => suggestScopes(flow),
    }),
    untrustedIssuer: t.expose("untrustedIssuer", {
      type: "URL",
      nullable: true,
      description:
        "The issuer that the metadata names instead of the expected one, if an administrator can trust it with trustAuthorizationServerIssuer. Otherwise null.",
    }),
    steps: t.field({
      type: [OAuthFlowStep],
      description: "The steps that were performed, in order.",
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
    description: "A consent attempt of the caller.",
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { services, caller }) => {
      const flowId = readId(id, "OAuthFlow");
      return flowId ? services.consent.findFlow(caller, flowId) : null;
    },
  }),
);
