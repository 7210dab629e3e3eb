import { resolveArrayConnection } from "@pothos/plugin-relay";
import type { ElicitationRow } from "#services/tool/elicitations.ts";
import { builder } from "../builder.ts";
import { findServer } from "../server/find-server.ts";
import { Workspace } from "../workspace/workspace.ts";
import { ToolExecution } from "./execution.ts";

const ElicitationMode = builder.enumType("ElicitationMode", {
  description: "The ways in which an elicitation is answered.",
  values: {
    FORM: { description: "The user fills in a form." },
    URL: {
      description:
        "The user opens a URL in a browser and completes an action there. Gatehouse itself never opens the URL.",
    },
  } as const,
});

const ElicitationStatus = builder.enumType("ElicitationStatus", {
  description: "The possible statuses of an elicitation.",
  values: {
    PENDING: { description: "The elicitation waits for the user's answer." },
    ACCEPTED: { description: "The user submitted the form, or agreed to open the URL." },
    DECLINED: { description: "The user declined the elicitation." },
    CANCELLED: { description: "The user dismissed the elicitation." },
    EXPIRED: {
      description: "The time limit was reached or the execution ended before the user answered.",
    },
  } as const,
});

export const Elicitation = builder.objectRef<ElicitationRow>("Elicitation");

builder.node(Elicitation, {
  description:
    "A request from an MCP server for input from the user on whose behalf a tool is running. Visible only to that user and deleted after one day. The server writes the message: display it as plain text with the name of the server.",
  id: { description: "The global ID of the elicitation.", resolve: ({ id }) => id },
  loadOne: (id, { elicitations }) => elicitations.load(id),
  fields: (t) => ({
    mode: t.expose("mode", {
      type: ElicitationMode,
      description: "The way in which the user answers.",
    }),
    status: t.expose("status", {
      type: ElicitationStatus,
      description: "The status of the elicitation.",
    }),
    message: t.string({
      nullable: true,
      description:
        "The message from the server, at most 4,000 characters. Null if it cannot be decrypted.",
      resolve: async ({ id }, _args, { questions }) => (await questions.load(id))?.message ?? null,
    }),
    requestedSchema: t.field({
      type: "JSON",
      nullable: true,
      description:
        "The JSON Schema of the form: an object with string, number, boolean and choice properties. Requests for passwords and other secrets are not allowed. Null in URL mode.",
      resolve: async ({ id }, _args, { questions }) =>
        (await questions.load(id))?.requestedSchema ?? null,
    }),
    url: t.field({
      type: "URL",
      nullable: true,
      description:
        "The URL for the user to open. Uses https, except for loopback addresses. Display the complete URL including its host, and open it only after the user agrees. Null in FORM mode.",
      resolve: async ({ id }, _args, { questions }) => (await questions.load(id))?.url ?? null,
    }),
    server: t.prismaField({
      type: "McpServer",
      nullable: true,
      description: "The server that requests the input. Null if it has been deleted.",
      resolve: findServer,
    }),
    execution: t.field({
      type: ToolExecution,
      nullable: true,
      description: "The tool execution that waits for the answer. Null if it has been deleted.",
      resolve: ({ executionId }, _args, { executions }) => executions.load(executionId),
    }),
    createdAt: t.expose("createdAt", {
      type: "DateTime",
      description: "The time at which the elicitation was created.",
    }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      description:
        "The time until which the elicitation can be answered: five minutes after it was created, or the end of the execution if that is earlier.",
    }),
    answeredAt: t.expose("answeredAt", {
      type: "DateTime",
      nullable: true,
      description:
        "The time at which the user answered. Null if the elicitation has not been answered.",
    }),
  }),
});

builder.objectField(ToolExecution, "elicitation", (t) =>
  t.field({
    type: Elicitation,
    nullable: true,
    description:
      "The elicitation that the execution waits for while its status is WAITING_FOR_INPUT. Visible only to the user that started the execution. An execution has one at a time and at most ten in total.",
    resolve: ({ id, status }, _args, { pendingElicitations }) =>
      status === "WAITING_FOR_INPUT" ? pendingElicitations.load(id) : null,
  }),
);

const ElicitationEdge = builder.edgeObject({
  name: "ElicitationEdge",
  description: "An elicitation and its cursor.",
  type: Elicitation,
});

const ElicitationConnection = builder.connectionObject(
  {
    name: "ElicitationConnection",
    description: "A page of elicitations.",
    type: Elicitation,
    fields: (t) => ({
      totalCount: t.int({
        description: "The total number of elicitations, at most 100.",
        resolve: ({ totalCount }) => (typeof totalCount === "function" ? totalCount() : totalCount),
      }),
    }),
  },
  ElicitationEdge,
);

builder.prismaObjectField(Workspace, "elicitations", (t) =>
  t.connection(
    {
      type: Elicitation,
      description: "The pending elicitations that the caller can answer, oldest first.",
      resolve: async ({ id }, args, { services, caller }) => {
        const pending = await services.elicitations.listPending(caller, id);
        return {
          ...resolveArrayConnection({ args, maxSize: 100 }, pending),
          totalCount: pending.length,
        };
      },
    },
    ElicitationConnection,
    ElicitationEdge,
  ),
);
