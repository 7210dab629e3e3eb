import { builder } from "./builder.ts";
import "./scalars.ts";
import "./node.ts";
import "./workspace/user.ts";
import "./workspace/workspace.ts";
import "./workspace/viewer.ts";
import "./workspace/members.ts";
import "./server/mcp-server.ts";
import "./server/mutations.ts";
import "./server/detection.ts";
import "./server/diagnosis.ts";
import "./server/sandbox.ts";
import "./oauth/flow.ts";
import "./oauth/mutations.ts";
import "./tool/execution.ts";
import "./tool/execute.ts";
import "./event/auth-state-changed.ts";
import "./event/token-events.ts";
import "./event/server-changed.ts";
import "./event/member-changed.ts";
import "./event/workspace-events.ts";

builder.queryType({});
builder.mutationType({});
builder.subscriptionType({});

export const schema = builder.toSchema();
