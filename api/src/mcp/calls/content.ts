/** What a tool gives back, in the five kinds that the API knows. */
import type { CallToolResult } from "@modelcontextprotocol/client";

/** `type` is the protocol's word. Absent members are null. */
export type ContentBlock =
  | { type: "text"; text: string }
  /** `data` is base64. */
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

/** Either `text` or `blob` (base64), never both. */
export interface ResourceContents {
  uri: string;
  mimeType: string | null;
  text: string | null;
  blob: string | null;
}

type SdkContentBlock = CallToolResult["content"][number];

/** The API's form of one content block. Blocks of unknown types have become text with a note before the SDK saw them. */
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

/** The API's form of what a resource holds. */
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
