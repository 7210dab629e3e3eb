/** Lists the tools of a server. */
import { z } from "zod";
import type { Session } from "../connection/connect.ts";
import type { Failure } from "../failure.ts";
import type { JsonObject } from "../json-schema/json.ts";
import { DEFAULT_LIST_BOUNDS, listPages } from "./pages.ts";
import type { ListBounds, Listing, ListKind } from "./pages.ts";

export interface Tool {
  name: string;
  title: string | null;
  description: string | null;
  /** The JSON Schema of an object; `{ "type": "object" }` if the server declares none. */
  inputSchema: JsonObject;
  outputSchema: JsonObject | null;
  /** The hints `readOnlyHint`, `destructiveHint`, `idempotentHint`, `openWorldHint` and `title`, if the server declares them. */
  annotations: JsonObject | null;
}

export type Catalog =
  | (Omit<Listing<Tool>, "kind" | "items"> & { kind: "tools"; tools: Tool[] })
  | Failure;

const rawTool = z.looseObject({
  name: z.string(),
  title: z.string().optional(),
  description: z.string().optional(),
  inputSchema: z.record(z.string(), z.unknown()),
  outputSchema: z.record(z.string(), z.unknown()).optional(),
  annotations: z.record(z.string(), z.unknown()).optional(),
});

const tools: ListKind<z.infer<typeof rawTool>, Tool> = {
  method: "tools/list",
  member: "tools",
  singular: "tool",
  item: rawTool,
  read: (raw) => ({
    name: raw.name,
    title: raw.title ?? null,
    description: raw.description ?? null,
    inputSchema: raw.inputSchema,
    outputSchema: raw.outputSchema ?? null,
    annotations: raw.annotations ?? null,
  }),
  identify: ({ name }) => name,
};

/** Lists all tools of the server within `bounds` (S4). */
export async function listTools(
  session: Session,
  bounds: ListBounds = DEFAULT_LIST_BOUNDS,
  signal?: AbortSignal,
): Promise<Catalog> {
  const listing = await listPages(session, tools, bounds, signal);
  if (listing.kind !== "listed") return listing;
  const { items, ...rest } = listing;
  return { ...rest, kind: "tools", tools: items };
}
