import { callsTool } from "../budget/outbound-fields.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { ExecuteToolResult } from "./execute-result.ts";
import { ToolExecution } from "./execution.ts";

const ExecuteToolInput = builder.inputType("ExecuteToolInput", {
  fields: (t) => ({
    serverId: t.id({ required: true }),
    toolName: t.string({ required: true }),
    arguments: t.field({
      type: "JSON",
      description: "The arguments of the tool, as an object. Omit it for a tool without arguments.",
    }),
    timeoutMs: t.int({
      description:
        "The timeout of the call in milliseconds, from 1,000 to 600,000. If omitted, the server's requestTimeoutMs is used.",
    }),
    wait: t.boolean({
      defaultValue: true,
      description:
        "Whether to wait for the result. If false, the mutation immediately returns a RUNNING execution, which toolExecutionUpdated follows. A client that disconnects does not cancel the execution; use cancelToolExecution.",
    }),
    idempotencyKey: t.string({
      description:
        "A key chosen by the caller, of 1 to 255 characters. A repeated key within 24 hours returns the first execution and does not run the tool again; CONFLICT if the arguments differ. A call that was never sent to the server does not use up its key.",
    }),
    confirmed: t.boolean({
      defaultValue: false,
      description: "Whether the user has agreed to run a tool whose policy is ASK.",
    }),
  }),
});

builder.mutationField("executeTool", (t) =>
  t.field({
    type: ExecuteToolResult,
    ...callsTool,
    description:
      "Runs a tool with the account that the caller's calls use. RATE_LIMITED if too many calls are running for the user, server or workspace.",
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
      "Cancels a tool execution, in whichever process it is running, and notifies the server. Returns an execution that has already finished unchanged. Available to the user that started it and to admins. Returns once the execution has ended, or after a few seconds.",
    args: { id: t.arg.id({ required: true, description: "The ID of the execution." }) },
    resolve: (_root, { id }, { services, caller }) =>
      services.executions.cancel(caller, readIdOrNobody(id, "ToolExecution")),
  }),
);
