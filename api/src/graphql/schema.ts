import { builder } from "./builder.ts";
import "./scalars.ts";
import "./node.ts";
import "./workspace/user.ts";
import "./workspace/workspace.ts";
import "./workspace/viewer.ts";
import "./server/mcp-server.ts";
import "./server/mutations.ts";
import "./server/detection.ts";
import "./server/sandbox.ts";
import "./oauth/flow.ts";
import "./oauth/mutations.ts";
import "./tool/execution.ts";
import "./tool/execute.ts";
import "./event/auth-state-changed.ts";

builder.queryType({});
builder.mutationType({});
builder.subscriptionType({});

export const schema = builder.toSchema();
