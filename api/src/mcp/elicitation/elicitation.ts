/** MCP elicitation: the request of a server for input from the user on whose behalf a tool runs, and its answer. */
import { isLoopbackHost, parseUrl } from "#oauth/secure-url.ts";
import { readFormSchema } from "./form-schema.ts";
import { isObject } from "../json-schema/json.ts";
import type { JsonObject } from "../json-schema/json.ts";
import { cleanText } from "./display-text.ts";
import { asksForSecret } from "./secret-detection.ts";

/** Cleaned and limited in length, so that it can be shown as plain text. */
export type Question =
  /** `requestedSchema` was created by `readFormSchema`. */
  | { mode: "form"; message: string; requestedSchema: JsonObject }
  /** A URL that is opened by the user and never by Gatehouse. */
  | { mode: "url"; message: string; url: string };

/** `content` contains the fields in form mode. It is absent in URL mode. */
export type Answer =
  | { action: "accept"; content: JsonObject | null }
  /** The user declined, or Gatehouse did so automatically. */
  | { action: "decline" }
  /** There was no decision: the question was dismissed, it timed out, or the call ended. */
  | { action: "cancel" };

export type ReadElicitation =
  | { kind: "question"; question: Question }
  /** The question is not shown to the user. `note` explains why, without text from the server. */
  | { kind: "refused"; note: string };

const LONGEST_MESSAGE = 4_000;
const LONGEST_URL = 4_096;
const ASKED_SECRET =
  "The server asked for a password or another secret in a form. Gatehouse declined, because forms must not ask for secrets.";

/**
 * Reads the parameters of `elicitation/create`, or of an entry of `inputRequests`.
 *
 * @param allowsLoopback whether URLs to open may be http URLs of the local machine
 */
export function readElicitation(params: unknown, allowsLoopback: boolean): ReadElicitation {
  if (!isObject(params) || typeof params["message"] !== "string") {
    return refuse("it has no message");
  }
  const message = cleanText(params["message"], LONGEST_MESSAGE);
  switch (params["mode"]) {
    case undefined:
    case "form":
      return readFormElicitation(message, params["requestedSchema"]);
    case "url":
      return readUrlElicitation(message, params["url"], allowsLoopback);
    default:
      return refuse("its mode is unknown");
  }
}

function readFormElicitation(message: string, raw: unknown): ReadElicitation {
  const form = readFormSchema(raw);
  if (form.kind === "unfit") return refuse(form.fault);
  const isSecret = form.kind === "secret" || (hasTypedField(form.schema) && asksForSecret(message));
  if (isSecret) return { kind: "refused", note: ASKED_SECRET };
  return { kind: "question", question: { mode: "form", message, requestedSchema: form.schema } };
}

/** A form that only offers choices cannot receive a secret. */
function hasTypedField({ properties }: JsonObject): boolean {
  return Object.values(properties as Record<string, JsonObject>).some(
    ({ type, enum: choices, oneOf }) =>
      !choices && !oneOf && (type === "string" || type === "number" || type === "integer"),
  );
}

function readUrlElicitation(
  message: string,
  raw: unknown,
  allowsLoopback: boolean,
): ReadElicitation {
  const url = typeof raw === "string" && raw.length <= LONGEST_URL ? parseUrl(raw) : null;
  if (!url) return refuse("its URL is not valid");
  if (url.username !== "" || url.password !== "") {
    return refuse("its URL contains a password");
  }
  const isLocal = isLoopbackHost(url.hostname);
  if (isLocal && !allowsLoopback) return refuse("its URL is on the local machine");
  if (url.protocol !== "https:" && !(isLocal && url.protocol === "http:")) {
    return refuse("its URL is not https");
  }
  return { kind: "question", question: { mode: "url", message, url: url.href } };
}

function refuse(fault: string): ReadElicitation {
  return { kind: "refused", note: `A question of the server was declined: ${fault}.` };
}
