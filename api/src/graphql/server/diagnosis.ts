import type { ServerDiagnosis as Diagnosis } from "#services/discovery/diagnosis.ts";
import { contactsServer } from "../budget/outbound-fields.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { AuthorizationServerOption } from "../oauth/authorization-server-option.ts";
import { ClientRegistrationKind, OAuthFlowStep } from "../oauth/flow.ts";
import { McpAuthType } from "./auth-type.ts";

const DiagnosisFault = builder.enumType("DiagnosisFault", {
  description: "Who can mend what a diagnosis found.",
  values: {
    PERSON: {
      description: "Whoever gave the URL: it is wrong, or a key or client id is still to be had.",
    },
    SERVER_OPERATOR: { description: "Whoever runs the MCP server." },
    AUTHORIZATION_SERVER_OPERATOR: { description: "Whoever runs its authorization server." },
    NETWORK: { description: "Nothing gets through between Gatehouse and the other end." },
    GATEHOUSE_ADMINISTRATOR: {
      description:
        "Whoever runs this Gatehouse: it is not allowed to go there, or is itself reached over plain http.",
    },
  } as const,
});

const ServerDiagnosis = builder.objectRef<Diagnosis>("ServerDiagnosis").implement({
  description: "What would happen to somebody who connected this URL now.",
  fields: (t) => ({
    authType: t.expose("authType", { type: McpAuthType, nullable: true }),
    connectable: t.exposeBoolean("connectable", {
      description: "Whether a newcomer could connect right now.",
    }),
    clientRegistration: t.expose("clientRegistration", {
      type: ClientRegistrationKind,
      nullable: true,
      description: "How Gatehouse would become known to the authorization server.",
    }),
    issuer: t.expose("issuer", { type: "URL", nullable: true }),
    authorizationServers: t.field({
      type: [AuthorizationServerOption],
      description:
        "All that work, in the order in which the server lists them. Where more than one can be used, the person chooses; `issuer`, `scopes` and `clientRegistration` are of the first of those.",
      resolve: ({ authorizationServers }) => authorizationServers,
    }),
    scopes: t.exposeStringList("scopes", { description: "What would be asked for first." }),
    steps: t.expose("steps", {
      type: [OAuthFlowStep],
      description: "Each exchange, in order; a registration is SKIPPED.",
    }),
    fault: t.expose("fault", {
      type: DiagnosisFault,
      nullable: true,
      description: "Who can mend the first broken step; null when nothing is broken.",
    }),
    advice: t.exposeString("advice", {
      nullable: true,
      description: "The first broken step in one sentence, whose fault it is, and what to do.",
    }),
  }),
});

const DiagnoseServerInput = builder.inputType("DiagnoseServerInput", {
  description: "Needs MEMBER, and EXECUTE of a token; one per document; rate-limited.",
  fields: (t) => ({ workspaceId: t.id({ required: true }), url: t.string({ required: true }) }),
});

builder.queryField("diagnoseServer", (t) =>
  t.field({
    type: ServerDiagnosis,
    ...contactsServer,
    description:
      "Dry run: walks detection, discovery and client registration options of a URL. Registers nothing, stores nothing.",
    args: { input: t.arg({ type: DiagnoseServerInput, required: true }) },
    resolve: (_root, { input }, { services, caller, budget }) =>
      services.diagnosis.diagnose(
        caller,
        { workspaceId: readIdOrNobody(input.workspaceId, "Workspace"), url: input.url },
        budget?.signal,
      ),
  }),
);
