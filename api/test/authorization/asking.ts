import { isDeepStrictEqual } from "node:util";
import { encodeGlobalId } from "#graphql/global-id.ts";
import type { GraphQLAnswer } from "../support/client.ts";
import type { MatrixCaller } from "./callers.ts";

/** What a caller was answered at a field, as the table writes it. */
export type Outcome = string;

const ofCode: Record<string, Outcome> = {
  UNAUTHENTICATED: "401",
  FORBIDDEN: "403",
  NOT_FOUND: "404",
  CONFLICT: "409",
};

/** Sends a document; of a subscription, the first that comes. */
export async function send(
  url: string,
  document: string,
  headers: Record<string, string>,
): Promise<GraphQLAnswer> {
  const isLive = document.startsWith("subscription");
  const stop = new AbortController();
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      ...headers,
      "content-type": "application/json",
      accept: isLive ? "text/event-stream" : "application/json",
    },
    body: JSON.stringify({ query: document }),
    signal: stop.signal,
  });
  if (!isLive || !response.headers.get("content-type")?.startsWith("text/event-stream"))
    return (await response.json()) as GraphQLAnswer;
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const found = /^data: ?(\{.*\})$/m.exec(text)?.[1];
    if (found === undefined) continue;
    stop.abort();
    return JSON.parse(found) as GraphQLAnswer;
  }
  throw new Error(`a subscription that ended without a word: ${text}`);
}

/**
 * Follows the answer down to the field that is asked about. `.`: what it belongs to is not shown, or there is none of it; `none`: an
 * empty list.
 */
export function readOutcome({ data, errors }: GraphQLAnswer, field: string): Outcome {
  if (errors) {
    const code = String(errors[0]?.extensions["code"]);
    return ofCode[code] ?? `${code} ${errors[0]?.message}`;
  }
  let value: unknown = data;
  for (;;) {
    if (Array.isArray(value)) value = value[0];
    if (typeof value !== "object" || value === null) return ".";
    const [key, next] = Object.entries(value)[0] ?? [];
    if (key === field) return describe(next);
    value = next;
  }
}

function describe(value: unknown): Outcome {
  if (value === null) return "null";
  if (isDeepStrictEqual(value, [null])) return "null";
  const inner =
    typeof value === "object" && !Array.isArray(value) ? Object.values(value)[0] : value;
  return isDeepStrictEqual(inner, []) ? "none" : "ok";
}

/** Puts ids in the place of `$names`: known ones, and new ones made for this caller. */
export async function fillIn(
  document: string,
  caller: MatrixCaller,
  makers: Record<string, Maker>,
): Promise<string> {
  let filled = document;
  for (const [placeholder, name = ""] of document.matchAll(/\$(\w+)/g)) {
    const maker = makers[name];
    if (!maker) throw new Error(`nothing is called ${placeholder}`);
    filled = filled.replace(placeholder, JSON.stringify(await maker.make(caller)));
  }
  return filled;
}

/** The same document about something that does not exist. */
export function fillInNothing(document: string, makers: Record<string, Maker>): string {
  return document.replaceAll(/\$(\w+)/g, (_placeholder, name: string) => {
    const typename = makers[name]?.typename;
    return JSON.stringify(
      typename
        ? encodeGlobalId(typename, "0199ffff-0000-7000-8000-00000000dead")
        : "nothing-at-all",
    );
  });
}

/** Makes, or knows, what a placeholder stands for. */
export interface Maker {
  /** Null: it is no global id. */
  typename: string | null;
  make(caller: MatrixCaller): Promise<string> | string;
}
