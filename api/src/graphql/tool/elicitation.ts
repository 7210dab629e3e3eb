import { resolveArrayConnection } from "@pothos/plugin-relay";
import type { ElicitationRow } from "#services/tool/elicitations.ts";
import { builder } from "../builder.ts";
import { findServer } from "../server/find-server.ts";
import { Workspace } from "../workspace/workspace.ts";
import { ToolExecution } from "./execution.ts";

const ElicitationMode = builder.enumType("ElicitationMode", {
  description: "How a question is to be answered.",
  values: {
    FORM: { description: "By filling in a form." },
    URL: {
      description:
        "By opening an address in a browser and doing there what it says. Gatehouse never opens it.",
    },
  } as const,
});

const ElicitationStatus = builder.enumType("ElicitationStatus", {
  description: "How a question stands.",
  values: {
    PENDING: { description: "It waits for the person's answer." },
    ACCEPTED: { description: "The person filled in the form, or agreed to the address." },
    DECLINED: { description: "The person said no." },
    CANCELLED: { description: "The person did not want to decide." },
    EXPIRED: { description: "Nobody answered in time, or the run is over." },
  } as const,
});

export const Elicitation = builder.objectRef<ElicitationRow>("Elicitation");

builder.node(Elicitation, {
  description:
    "What a server asks the person on whose behalf a tool runs, while it runs. For that person alone, and forgotten after a day. What it says is the server's word: show it as plain text, and say which server asks.",
  id: { description: "Its global id.", resolve: ({ id }) => id },
  loadOne: (id, { elicitations }) => elicitations.load(id),
  fields: (t) => ({
    mode: t.expose("mode", { type: ElicitationMode, description: "How it is to be answered." }),
    status: t.expose("status", { type: ElicitationStatus, description: "How it stands." }),
    message: t.string({
      nullable: true,
      description: "What the server says, at most 4,000 characters; null when it cannot be opened.",
      resolve: async ({ id }, _args, { questions }) => (await questions.load(id))?.message ?? null,
    }),
    requestedSchema: t.field({
      type: "JSON",
      nullable: true,
      description:
        "JSON Schema of the form: an object of texts, numbers, booleans and choices, never of passwords or the like. Null in URL mode.",
      resolve: async ({ id }, _args, { questions }) =>
        (await questions.load(id))?.requestedSchema ?? null,
    }),
    url: t.field({
      type: "URL",
      nullable: true,
      description:
        "The address to open, https but on one's own machine. Show it whole, with its host, and open it only when the person says so. Null in FORM mode.",
      resolve: async ({ id }, _args, { questions }) => (await questions.load(id))?.url ?? null,
    }),
    server: t.prismaField({
      type: "McpServer",
      nullable: true,
      description: "Who asks; null once the server is deleted.",
      resolve: findServer,
    }),
    execution: t.field({
      type: ToolExecution,
      nullable: true,
      description: "The run that waits for the answer; null once it is forgotten.",
      resolve: ({ executionId }, _args, { executions }) => executions.load(executionId),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was asked." }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      description: "Until when it can be answered: five minutes, or less when the run ends before.",
    }),
    answeredAt: t.expose("answeredAt", {
      type: "DateTime",
      nullable: true,
      description: "When the person answered; null while nobody has.",
    }),
  }),
});

builder.objectField(ToolExecution, "elicitation", (t) =>
  t.field({
    type: Elicitation,
    nullable: true,
    description:
      "What the run waits for while its status is WAITING_FOR_INPUT; for the one who runs it alone. One at a time, at most ten in a run.",
    resolve: ({ id, status }, _args, { pendingElicitations }) =>
      status === "WAITING_FOR_INPUT" ? pendingElicitations.load(id) : null,
  }),
);

const ElicitationEdge = builder.edgeObject({
  name: "ElicitationEdge",
  description: "A question in a page.",
  type: Elicitation,
});

const ElicitationConnection = builder.connectionObject(
  {
    name: "ElicitationConnection",
    description: "A page of questions.",
    type: Elicitation,
    fields: (t) => ({
      totalCount: t.int({
        description: "All of them; a hundred at most are told.",
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
      description: "What servers wait for the caller to answer, oldest first.",
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
