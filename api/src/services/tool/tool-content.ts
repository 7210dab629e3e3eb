import type { ContentBlock } from "#mcp/calls/content.ts";

/** A content block in the form that the API returns. */
export type ToolContentBlock =
  | { __typename: "TextContent"; text: string }
  | { __typename: "ImageContent"; data: string; mimeType: string | null }
  | { __typename: "AudioContent"; data: string; mimeType: string | null }
  | (Omit<Extract<ContentBlock, { type: "resource_link" }>, "type"> & {
      __typename: "ResourceLink";
    })
  | {
      __typename: "EmbeddedResource";
      resource: Extract<ContentBlock, { type: "resource" }>["resource"];
    };

export function toContentBlock(block: ContentBlock): ToolContentBlock {
  switch (block.type) {
    case "text":
      return { __typename: "TextContent", text: block.text };
    case "image":
      return { __typename: "ImageContent", data: block.data, mimeType: block.mimeType };
    case "audio":
      return { __typename: "AudioContent", data: block.data, mimeType: block.mimeType };
    case "resource_link": {
      const { type: _, ...link } = block;
      return { __typename: "ResourceLink", ...link };
    }
    case "resource":
      return { __typename: "EmbeddedResource", resource: block.resource };
  }
}
