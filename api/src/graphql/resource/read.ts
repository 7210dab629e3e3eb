import type { ReadResourceAnswer } from "#services/tool/read-resources.ts";
import { contactsServer } from "../budget/outbound-fields.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { UserError } from "../shared.ts";
import { ResourceContents } from "../tool/content.ts";
import {
  CredentialsRejected,
  ReauthRequired,
  ServerDisabled,
  ServerUnreachable,
} from "../tool/execute-result.ts";

type Answer<Name extends ReadResourceAnswer["__typename"]> = Extract<
  ReadResourceAnswer,
  { __typename: Name }
>;

const ResourceRead = builder.objectRef<Answer<"ResourceRead">>("ResourceRead").implement({
  description: "What a resource holds now. Nothing of it is kept.",
  fields: (t) => ({
    contents: t.field({
      type: [ResourceContents],
      description: "One part or more, such as the files of a folder.",
      resolve: ({ contents }) => contents,
    }),
    isTruncated: t.exposeBoolean("isTruncated", {
      description: "The resource is larger than Gatehouse hands on: parts at its end are missing.",
    }),
  }),
});

const ResourceNotFound = builder
  .objectRef<Answer<"ResourceNotFound">>("ResourceNotFound")
  .implement({
    description: "The server has nothing at this address for the account.",
    interfaces: [UserError],
  });

const ReadResourceResult = builder.unionType("ReadResourceResult", {
  description: "What a resource holds, or why it could not be read.",
  types: [
    ResourceRead,
    ResourceNotFound,
    ReauthRequired,
    ServerDisabled,
    CredentialsRejected,
    ServerUnreachable,
  ],
  resolveType: ({ __typename }) => __typename,
});

const ReadResourceInput = builder.inputType("ReadResourceInput", {
  description: "Something that a server has to read.",
  fields: (t) => ({
    serverId: t.id({ required: true, description: "Whose resource." }),
    uri: t.string({
      required: true,
      description: "As the server lists it, or what one of its templates expands to.",
    }),
  }),
});

builder.mutationField("readResource", (t) =>
  t.field({
    type: ReadResourceResult,
    ...contactsServer,
    description:
      "Asks a server for a resource with the account that the caller would use. Needs MEMBER, and EXECUTE of a token.",
    args: {
      input: t.arg({ type: ReadResourceInput, required: true, description: "What to read." }),
    },
    resolve: (_root, { input }, { services, caller, budget }) =>
      services.reading.readResource(
        caller,
        { serverId: readIdOrNobody(input.serverId, "McpServer"), uri: input.uri },
        budget?.signal,
      ),
  }),
);
