/** Lists and reads a server's resources and resource templates (MCP 2025-11-25, Server Features: Resources). */
import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/client";
import { z } from "zod";
import type { Session } from "../connection/connect.ts";
import { toResourceContents } from "./content.ts";
import type { ResourceContents } from "./content.ts";
import { classifyFailure } from "../connection/classify-error.ts";
import { redactFailure } from "../failure.ts";
import type { Failure } from "../failure.ts";
import { NOTES_KEY } from "../repair/normalize-lists.ts";
import { DEFAULT_LIST_BOUNDS, listPages } from "./pages.ts";
import type { Listing, ListKind } from "./pages.ts";

export interface Resource {
  uri: string;
  name: string;
  title: string | null;
  description: string | null;
  mimeType: string | null;
  /** The size in bytes as stated by the server, which may be wrong. */
  size: number | null;
}

export interface ResourceTemplate {
  /** A URI template (RFC 6570). */
  uriTemplate: string;
  name: string;
  title: string | null;
  description: string | null;
  mimeType: string | null;
}

export type ReadAnswer =
  | {
      kind: "contents";
      contents: ResourceContents[];
      /** Whether parts were omitted because of the size limit. */
      isTruncated: boolean;
    }
  /** The server has no resource with this URI for this account. */
  | { kind: "unknown-resource" }
  | Failure;

/** The maximum total size of a resource's parts, in characters of text and Base64. The response itself is limited by the guarded fetch. */
const MAX_READ_CHARACTERS = 8 * 1024 * 1024;
/** The error code of `Resource not found` before revision 2026-07-28, which uses Invalid Params instead. */
const RESOURCE_NOT_FOUND = -32_002;

const described = {
  name: z.string(),
  title: z.string().optional(),
  description: z.string().optional(),
  mimeType: z.string().optional(),
};
const rawResource = z.looseObject({ ...described, uri: z.string(), size: z.number().optional() });
const rawTemplate = z.looseObject({ ...described, uriTemplate: z.string() });
const contents = z.looseObject({
  _meta: z.looseObject({ [NOTES_KEY]: z.array(z.string()).optional() }).optional(),
  contents: z.array(z.looseObject({ uri: z.string(), mimeType: z.string().optional() })),
});

const resources: ListKind<z.infer<typeof rawResource>, Resource> = {
  method: "resources/list",
  member: "resources",
  singular: "resource",
  item: rawResource,
  read: ({ uri, size, ...rest }) => ({ uri, ...describe(rest), size: size ?? null }),
  identify: ({ uri }) => uri,
};
const templates: ListKind<z.infer<typeof rawTemplate>, ResourceTemplate> = {
  method: "resources/templates/list",
  member: "resourceTemplates",
  singular: "resource template",
  item: rawTemplate,
  read: ({ uriTemplate, ...rest }) => ({ uriTemplate, ...describe(rest) }),
  identify: ({ uriTemplate }) => uriTemplate,
};

/** Lists all resources of the server, within limits (S4). */
export function listResources(
  session: Session,
  signal?: AbortSignal,
): Promise<Listing<Resource> | Failure> {
  return listPages(session, resources, DEFAULT_LIST_BOUNDS, signal);
}

/** Lists all resource templates of the server, within limits (S4). */
export function listResourceTemplates(
  session: Session,
  signal?: AbortSignal,
): Promise<Listing<ResourceTemplate> | Failure> {
  return listPages(session, templates, DEFAULT_LIST_BOUNDS, signal);
}

/** Reads a resource, whether or not it is listed. Expected failures are returned; only internal errors are thrown. */
export async function readResource(
  session: Session,
  uri: string,
  signal?: AbortSignal,
): Promise<ReadAnswer> {
  const options = { timeout: session.timeoutMs, ...(signal ? { signal } : {}) };
  try {
    const request = { method: "resources/read", params: { uri } };
    const answer = await session.client.request(request, contents, options);
    return cut(answer.contents.map(toResourceContents), answer._meta?.[NOTES_KEY] !== undefined);
  } catch (error) {
    if (signal?.aborted) return { kind: "cancelled" };
    if (ProtocolError.isInstance(error) && isUnknown(error.code))
      return { kind: "unknown-resource" };
    const failure = classifyFailure(error, "call");
    if (!failure) throw error;
    return redactFailure(failure, session.redact);
  }
}

/** The URI is the only parameter, so invalid parameters mean an invalid URI. A server without resources does not implement the method. */
function isUnknown(code: number): boolean {
  const codes: number[] = [
    RESOURCE_NOT_FOUND,
    ProtocolErrorCode.InvalidParams,
    ProtocolErrorCode.MethodNotFound,
  ];
  return codes.includes(code);
}

function cut(parts: ResourceContents[], isCutBefore: boolean): ReadAnswer {
  let characters = 0;
  const end = parts.findIndex(
    ({ text, blob }) => (characters += (text ?? blob ?? "").length) > MAX_READ_CHARACTERS,
  );
  const contents = end === -1 ? parts : parts.slice(0, end);
  return { kind: "contents", contents, isTruncated: isCutBefore || end !== -1 };
}

function describe(raw: {
  name: string;
  title?: string | undefined;
  description?: string | undefined;
  mimeType?: string | undefined;
}) {
  return {
    name: raw.name,
    title: raw.title ?? null,
    description: raw.description ?? null,
    mimeType: raw.mimeType ?? null,
  };
}
