import type { GetPromptAnswer, PromptMessageShape } from "#services/tool/read-resources.ts";
import { contactsServer } from "../budget/outbound-fields.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { UserError } from "../shared.ts";
import { ToolContent } from "../tool/content.ts";
import {
  ArgumentIssue,
  CredentialsRejected,
  ReauthRequired,
  ServerDisabled,
  ServerUnreachable,
} from "../tool/execute-result.ts";

type Answer<Name extends GetPromptAnswer["__typename"]> = Extract<
  GetPromptAnswer,
  { __typename: Name }
>;

const PromptRole = builder.enumType("PromptRole", {
  description: "Who speaks in a prompt.",
  values: {
    USER: { value: "user", description: "The person." },
    ASSISTANT: { value: "assistant", description: "The model." },
  } as const,
});

const PromptMessage = builder.objectRef<PromptMessageShape>("PromptMessage").implement({
  description: "What one side says in a prompt.",
  fields: (t) => ({
    role: t.expose("role", { type: PromptRole, description: "Who says it." }),
    content: t.field({
      type: ToolContent,
      description: "What is said.",
      resolve: ({ content }) => content,
    }),
  }),
});

const PromptReceived = builder.objectRef<Answer<"PromptReceived">>("PromptReceived").implement({
  description: "A prompt, filled in. Nothing of it is kept.",
  fields: (t) => ({
    description: t.exposeString("description", {
      nullable: true,
      description: "What it is for, as the server says.",
    }),
    messages: t.field({
      type: [PromptMessage],
      description: "In order.",
      resolve: ({ messages }) => messages,
    }),
  }),
});

const PromptNotFound = builder.objectRef<Answer<"PromptNotFound">>("PromptNotFound").implement({
  description: "The server has no prompt of this name for the account.",
  interfaces: [UserError],
  fields: (t) => ({
    suggestions: t.exposeStringList("suggestions", {
      description: "Names of prompts that come close.",
    }),
  }),
});

const InvalidPromptArguments = builder
  .objectRef<Answer<"InvalidPromptArguments">>("InvalidPromptArguments")
  .implement({
    description: "The prompt does not take these arguments.",
    interfaces: [UserError],
    fields: (t) => ({
      issues: t.field({
        type: [ArgumentIssue],
        description: "What is wrong, as far as it is known; `message` may say more.",
        resolve: ({ issues }) => issues,
      }),
    }),
  });

const GetPromptResult = builder.unionType("GetPromptResult", {
  description: "A prompt, or why it could not be had.",
  types: [
    PromptReceived,
    PromptNotFound,
    InvalidPromptArguments,
    ReauthRequired,
    ServerDisabled,
    CredentialsRejected,
    ServerUnreachable,
  ],
  resolveType: ({ __typename }) => __typename,
});

const GetPromptInput = builder.inputType("GetPromptInput", {
  description: "Something that a server has to say to a model.",
  fields: (t) => ({
    serverId: t.id({ required: true, description: "Whose prompt." }),
    name: t.string({ required: true, description: "As the server lists it." }),
    arguments: t.field({
      type: "JSON",
      description: "An object of texts; absent means no arguments.",
    }),
  }),
});

builder.mutationField("getPrompt", (t) =>
  t.field({
    type: GetPromptResult,
    ...contactsServer,
    description:
      "Asks a server for a prompt with the account that the caller would use. Needs MEMBER, and EXECUTE of a token.",
    args: {
      input: t.arg({ type: GetPromptInput, required: true, description: "Which, and with what." }),
    },
    resolve: (_root, { input }, { services, caller, budget }) =>
      services.reading.getPrompt(
        caller,
        {
          serverId: readIdOrNobody(input.serverId, "McpServer"),
          name: input.name,
          arguments: input.arguments,
        },
        budget?.signal,
      ),
  }),
);
