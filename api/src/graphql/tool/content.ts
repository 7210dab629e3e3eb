import type { ToolContentBlock } from "#services/tool/tool-content.ts";
import { builder } from "../builder.ts";

type Block<Name extends ToolContentBlock["__typename"]> = Extract<
  ToolContentBlock,
  { __typename: Name }
>;

const TextContent = builder.objectRef<Block<"TextContent">>("TextContent").implement({
  fields: (t) => ({ text: t.exposeString("text") }),
});

const ImageContent = builder.objectRef<Block<"ImageContent">>("ImageContent").implement({
  fields: (t) => ({
    data: t.exposeString("data", { description: "The content, encoded as Base64." }),
    mimeType: t.exposeString("mimeType", { nullable: true }),
  }),
});

const AudioContent = builder.objectRef<Block<"AudioContent">>("AudioContent").implement({
  fields: (t) => ({
    data: t.exposeString("data", { description: "The content, encoded as Base64." }),
    mimeType: t.exposeString("mimeType", { nullable: true }),
  }),
});

const ResourceLink = builder.objectRef<Block<"ResourceLink">>("ResourceLink").implement({
  fields: (t) => ({
    uri: t.exposeString("uri"),
    name: t.exposeString("name", { nullable: true }),
    title: t.exposeString("title", { nullable: true }),
    description: t.exposeString("description", { nullable: true }),
    mimeType: t.exposeString("mimeType", { nullable: true }),
  }),
});

export const ResourceContents = builder
  .objectRef<Block<"EmbeddedResource">["resource"]>("ResourceContents")
  .implement({
    description: "The contents of a resource, as either text or blob (Base64).",
    fields: (t) => ({
      uri: t.exposeString("uri"),
      mimeType: t.exposeString("mimeType", { nullable: true }),
      text: t.exposeString("text", { nullable: true }),
      blob: t.exposeString("blob", { nullable: true }),
    }),
  });

const EmbeddedResource = builder
  .objectRef<Block<"EmbeddedResource">>("EmbeddedResource")
  .implement({
    fields: (t) => ({
      resource: t.field({ type: ResourceContents, resolve: ({ resource }) => resource }),
    }),
  });

export const ToolContent = builder.unionType("ToolContent", {
  description:
    "A content block of a result. Fields with the same name have the same type in all members, so that clients can select them without aliases.",
  types: [TextContent, ImageContent, AudioContent, ResourceLink, EmbeddedResource],
  resolveType: ({ __typename }) => __typename,
});
