import { callsTool } from "../budget/outbound-fields.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { ExecuteToolResult } from "./execute-result.ts";
import { ToolExecution } from "./execution.ts";

const ExecuteToolInput = builder.inputType("ExecuteToolInput", {
  fields: (t) => ({
    serverId: t.id({ required: true }),
    toolName: t.string({ required: true }),
    arguments: t.field({ type: "JSON", description: "An object; absent means no arguments." }),
    timeoutMs: t.int({ description: "1,000 to 600,000; absent: the server's." }),
    wait: t.boolean({
      defaultValue: true,
      description:
        "False: answer at once with a RUNNING execution and follow it by subscription. Either way a caller that goes away cancels nothing: cancelToolExecution does.",
    }),
    idempotencyKey: t.string({
      description:
        "A key of the caller's, 1 to 255 characters: the same key within 24 h returns the first execution and runs nothing twice; with other arguments, CONFLICT. A call that was never sent does not use the key up.",
    }),
    confirmed: t.boolean({
      defaultValue: false,
      description: "The person has agreed to run a tool whose policy is to ask.",
    }),
  }),
});

builder.mutationField("executeTool", (t) =>
  t.field({
    type: ExecuteToolResult,
    ...callsTool,
    description:
      "Runs a tool with the account that the caller would use. RATE_LIMITED when too many run at once for one user, server or workspace.",
    args: { input: t.arg({ type: ExecuteToolInput, required: true }) },
    resolve: (_root, { input }, { services, caller }) =>
      services.executions.execute(caller, {
        serverId: readIdOrNobody(input.serverId, "McpServer"),
        toolName: input.toolName,
        arguments: input.arguments,
        timeoutMs: input.timeoutMs ?? null,
        wait: input.wait ?? true,
        confirmed: input.confirmed ?? false,
        idempotencyKey: input.idempotencyKey ?? null,
      }),
  }),
);

builder.mutationField("cancelToolExecution", (t) =>
  t.field({
    type: ToolExecution,
    description:
      "Ends a run, in whatever process it is, and tells its server so; one that is over already is answered as it is. For the one who runs it, and for admins. The answer is its shape once it has ended, or after a few seconds.",
    args: { id: t.arg.id({ required: true, description: "The run's." }) },
    resolve: (_root, { id }, { services, caller }) =>
      services.executions.cancel(caller, readIdOrNobody(id, "ToolExecution")),
  }),
);
