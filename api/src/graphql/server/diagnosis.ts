import type { ServerDiagnosis as Diagnosis } from "#services/discovery/server-diagnosis.ts";
import { contactsServer } from "../budget/outbound-fields.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { AuthorizationServerOption } from "../oauth/authorization-server-option.ts";
import { ClientRegistrationKind, OAuthFlowStep } from "../oauth/flow.ts";
import { McpAuthType } from "./auth-type.ts";

const DiagnosisFault = builder.enumType("DiagnosisFault", {
  description: "The parties that can fix a problem found by a diagnosis.",
  values: {
    PERSON: {
      description: "The user: the URL is wrong, or an API key or client ID is missing.",
    },
    SERVER_OPERATOR: { description: "The operator of the MCP server." },
    AUTHORIZATION_SERVER_OPERATOR: { description: "The operator of the authorization server." },
    NETWORK: { description: "The network: Gatehouse cannot connect to the server." },
    GATEHOUSE_ADMINISTRATOR: {
      description:
        "The administrator of this Gatehouse installation: access to the address is not allowed, or the installation itself is served over plain http.",
    },
  } as const,
});

const CompatibilityBehavior = builder.objectRef<string>("CompatibilityBehavior").implement({
  description: "A known behavior of MCP servers or authorization servers.",
  fields: (t) => ({
    code: t.string({
      description: "The stable code of the behavior, such as I16.",
      resolve: (code) => code,
    }),
    documentation: t.string({
      description:
        "The row of the compatibility report, as a path with a fragment in the documentation of this repository.",
      resolve: (code) => `docs/compatibility.md#${code.toLowerCase()}`,
    }),
  }),
});

const ServerDiagnosis = builder.objectRef<Diagnosis>("ServerDiagnosis").implement({
  description: "The expected result of connecting an account to a URL.",
  fields: (t) => ({
    authType: t.expose("authType", { type: McpAuthType, nullable: true }),
    connectable: t.exposeBoolean("connectable", {
      description: "Whether a new user could connect now.",
    }),
    clientRegistration: t.expose("clientRegistration", {
      type: ClientRegistrationKind,
      nullable: true,
      description:
        "The way in which Gatehouse would register as a client at the authorization server.",
    }),
    issuer: t.expose("issuer", { type: "URL", nullable: true }),
    authorizationServers: t.field({
      type: [AuthorizationServerOption],
      description:
        "The usable authorization servers, in the order in which the MCP server lists them. If there is more than one, the user selects one; `issuer`, `scopes` and `clientRegistration` describe the first.",
      resolve: ({ authorizationServers }) => authorizationServers,
    }),
    scopes: t.exposeStringList("scopes", {
      description: "The scopes that would be requested first.",
    }),
    steps: t.expose("steps", {
      type: [OAuthFlowStep],
      description: "The requests that were made, in order. A client registration is SKIPPED.",
    }),
    fault: t.expose("fault", {
      type: DiagnosisFault,
      nullable: true,
      description: "The party that can fix the first failed step. Null if no step failed.",
    }),
    advice: t.exposeString("advice", {
      nullable: true,
      description:
        "The first failed step, the party that can fix it and the recommended action, in one or two sentences. Null if no step failed.",
    }),
    behavior: t.expose("behavior", {
      type: CompatibilityBehavior,
      nullable: true,
      description:
        "The known behavior of the server that explains the result. Null if none is recognized.",
    }),
    report: t.exposeString("report", {
      description:
        "The diagnosis as plain text without private data, for a ticket or a public report.",
    }),
  }),
});

const DiagnoseServerInput = builder.inputType("DiagnoseServerInput", {
  description:
    "The URL to diagnose. Requires MEMBER and, for API tokens, EXECUTE. Allowed once per document and rate-limited.",
  fields: (t) => ({ workspaceId: t.id({ required: true }), url: t.string({ required: true }) }),
});

builder.queryField("diagnoseServer", (t) =>
  t.field({
    type: ServerDiagnosis,
    ...contactsServer,
    description:
      "Performs detection, discovery and the client registration checks for a URL as a dry run. Registers and stores nothing.",
    args: { input: t.arg({ type: DiagnoseServerInput, required: true }) },
    resolve: (_root, { input }, { services, caller, budget }) =>
      services.diagnosis.diagnose(
        caller,
        { workspaceId: readIdOrNobody(input.workspaceId, "Workspace"), url: input.url },
        budget?.signal,
      ),
  }),
);
