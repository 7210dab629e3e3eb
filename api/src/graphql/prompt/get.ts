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
  description: "The possible roles of a speaker in a prompt.",
  values: {
    USER: { value: "user", description: "The message is from the user." },
    ASSISTANT: { value: "assistant", description: "The message is from the model." },
  } as const,
});

const PromptMessage = builder.objectRef<PromptMessageShape>("PromptMessage").implement({
  description: "A message in a prompt.",
  fields: (t) => ({
    role: t.expose("role", { type: PromptRole, description: "The role of the speaker." }),
    content: t.field({
      type: ToolContent,
      description: "The content of the message.",
      resolve: ({ content }) => content,
    }),
  }),
});

const PromptReceived = builder.objectRef<Answer<"PromptReceived">>("PromptReceived").implement({
  description: "A prompt with its arguments filled in. Gatehouse does not store it.",
  fields: (t) => ({
    description: t.exposeString("description", {
      nullable: true,
      description: "The description provided by the server.",
    }),
    messages: t.field({
      type: [PromptMessage],
      description: "The messages of the prompt, in order.",
      resolve: ({ messages }) => messages,
    }),
  }),
});

const PromptNotFound = builder.objectRef<Answer<"PromptNotFound">>("PromptNotFound").implement({
  description: "The server lists no prompt with this name for the account.",
  interfaces: [UserError],
  fields: (t) => ({
    suggestions: t.exposeStringList("suggestions", {
      description: "The names of similar prompts.",
    }),
  }),
});

const InvalidPromptArguments = builder
  .objectRef<Answer<"InvalidPromptArguments">>("InvalidPromptArguments")
  .implement({
    description: "The arguments are not valid for this prompt.",
    interfaces: [UserError],
    fields: (t) => ({
      issues: t.field({
        type: [ArgumentIssue],
        description: "The known validation errors; `message` may contain more information.",
        resolve: ({ issues }) => issues,
      }),
    }),
  });

const GetPromptResult = builder.unionType("GetPromptResult", {
  description: "The result of retrieving a prompt.",
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
  description: "The prompt to retrieve and its arguments.",
  fields: (t) => ({
    serverId: t.id({
      required: true,
      description: "The ID of the MCP server that provides the prompt.",
    }),
    name: t.string({
      required: true,
      description: "The name of the prompt, as listed by the server.",
    }),
    arguments: t.field({
      type: "JSON",
      description:
        "The arguments of the prompt, as an object of strings. Omit it for a prompt without arguments.",
    }),
  }),
});

builder.mutationField("getPrompt", (t) =>
  t.field({
    type: GetPromptResult,
    ...contactsServer,
    description:
      "Retrieves a prompt from a server with the account that the caller's calls use. Requires MEMBER and, for API tokens, EXECUTE.",
    args: {
      input: t.arg({
        type: GetPromptInput,
        required: true,
        description: "The name of the prompt and its arguments.",
      }),
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
