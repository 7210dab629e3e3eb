import { getNullableType, type GraphQLSchema } from "graphql";
import { builder } from "./builder.ts";
import { checkPageArguments } from "./page-arguments.ts";
import { meterSchema } from "./budget/metered-schema.ts";
import "./scalars.ts";
import "./node.ts";
import "./workspace/user.ts";
import "./workspace/workspace.ts";
import "./workspace/viewer.ts";
import "./workspace/members.ts";
import "./workspace/new-tool-policy.ts";
import "./workspace/settings.ts";
import "./workspace/invitation.ts";
import "./workspace/invitation-mutations.ts";
import "./workspace/invitation-acceptance.ts";
import "./server/mcp-server.ts";
import "./server/catalog.ts";
import "./server/mutations.ts";
import "./server/keys.ts";
import "./server/detection.ts";
import "./server/diagnosis.ts";
import "./server/sandbox.ts";
import "./server/known-servers.ts";
import "./oauth/flow.ts";
import "./oauth/mutations.ts";
import "./oauth/simulation.ts";
import "./oauth/trusted-issuer.ts";
import "./tool/execution.ts";
import "./tool/execute.ts";
import "./tool/executions.ts";
import "./tool/elicitation.ts";
import "./tool/answer-elicitation.ts";
import "./tool/policy.ts";
import "./resource/resource.ts";
import "./resource/read.ts";
import "./prompt/prompt.ts";
import "./prompt/get.ts";
import "./token/api-token.ts";
import "./token/mutations.ts";
import "./webhook/webhook-endpoint.ts";
import "./webhook/mutations.ts";
import "./event/auth-state-changed.ts";
import "./event/token-events.ts";
import "./event/server-changed.ts";
import "./event/tools-changed.ts";
import "./event/api-token-changed.ts";
import "./event/member-changed.ts";
import "./event/workspace-changed.ts";
import "./event/invitation-changed.ts";
import "./event/webhook-endpoint-changed.ts";
import "./event/tool-executed.ts";
import "./event/input-requested.ts";
import "./event/tool-policy-changed.ts";
import "./event/workspace-events.ts";
import "./workspace/statistics.ts";
import "./workspace/account-needs.ts";

builder.queryType({});
builder.mutationType({});
builder.subscriptionType({});

export const schema = meterSchema(checkPageArguments(allowMutationsToFail(builder.toSchema())));

/** A mutation that fails must not discard the results of others in the document, as null would in a non-null field (regressions Q1). */
function allowMutationsToFail(built: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(built.getMutationType()?.getFields() ?? {}))
    field.type = getNullableType(field.type);
  return built;
}
