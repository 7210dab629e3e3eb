/** Converts the content of tool results to the five kinds that the API supports. */
import type { CallToolResult } from "@modelcontextprotocol/client";

/** `type` is the protocol's name of the kind. Absent members are null. */
export type ContentBlock =
  | { type: "text"; text: string }
  /** `data` is Base64-encoded. */
  | { type: "image"; data: string; mimeType: string | null }
  | { type: "audio"; data: string; mimeType: string | null }
  | {
      type: "resource_link";
      uri: string;
      name: string | null;
      title: string | null;
      description: string | null;
      mimeType: string | null;
    }
  | { type: "resource"; resource: ResourceContents };

/** Contains either `text` or `blob` (Base64), never both. */
export interface ResourceContents {
  uri: string;
  mimeType: string | null;
  text: string | null;
  blob: string | null;
}

type SdkContentBlock = CallToolResult["content"][number];

/** Converts a content block to the API's form. Blocks of unknown types were converted to text with a note before the SDK validated them. */
export function toContentBlock(block: SdkContentBlock): ContentBlock {
  switch (block.type) {
    case "text":
      return { type: "text", text: block.text };
    case "image":
    case "audio":
      return { type: block.type, data: block.data, mimeType: block.mimeType };
    case "resource_link":
      return {
        type: "resource_link",
        uri: block.uri,
        name: block.name,
        title: block.title ?? null,
        description: block.description ?? null,
        mimeType: block.mimeType ?? null,
      };
    case "resource":
      return { type: "resource", resource: toResourceContents(block.resource) };
  }
}

/** Converts the contents of a resource to the API's form. */
export function toResourceContents(resource: {
  uri: string;
  mimeType?: string | undefined;
}): ResourceContents {
  const text = "text" in resource && typeof resource.text === "string" ? resource.text : null;
  const blob = "blob" in resource && typeof resource.blob === "string" ? resource.blob : null;
  return {
    uri: resource.uri,
    mimeType: resource.mimeType ?? null,
    text,
    blob: text === null ? blob : null,
  };
}
