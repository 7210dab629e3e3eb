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
  description: "The contents of a resource. Gatehouse does not store them.",
  fields: (t) => ({
    contents: t.field({
      type: [ResourceContents],
      description: "The parts of the resource, such as the files in a folder. At least one.",
      resolve: ({ contents }) => contents,
    }),
    isTruncated: t.exposeBoolean("isTruncated", {
      description:
        "Whether parts at the end are missing because the resource exceeds Gatehouse's size limit.",
    }),
  }),
});

const ResourceNotFound = builder
  .objectRef<Answer<"ResourceNotFound">>("ResourceNotFound")
  .implement({
    description: "The server has no resource with this URI for the account.",
    interfaces: [UserError],
  });

const ReadResourceResult = builder.unionType("ReadResourceResult", {
  description: "The result of reading a resource.",
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
  description: "The resource to read.",
  fields: (t) => ({
    serverId: t.id({
      required: true,
      description: "The ID of the MCP server that provides the resource.",
    }),
    uri: t.string({
      required: true,
      description:
        "The URI of the resource, as listed by the server or expanded from a resource template.",
    }),
  }),
});

builder.mutationField("readResource", (t) =>
  t.field({
    type: ReadResourceResult,
    ...contactsServer,
    description:
      "Reads a resource from a server with the account that the caller's calls use. Requires MEMBER and, for API tokens, EXECUTE.",
    args: {
      input: t.arg({
        type: ReadResourceInput,
        required: true,
        description: "The server and the URI of the resource.",
      }),
    },
    resolve: (_root, { input }, { services, caller, budget }) =>
      services.reading.readResource(
        caller,
        { serverId: readIdOrNobody(input.serverId, "McpServer"), uri: input.uri },
        budget?.signal,
      ),
  }),
);
