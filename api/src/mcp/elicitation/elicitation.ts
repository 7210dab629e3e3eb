/** What a server asks the person on whose behalf a tool runs (MCP elicitation), and what it is answered. */
import { isLoopbackHost, parseUrl } from "#oauth/secure-url.ts";
import { readFormSchema } from "./form-schema.ts";
import { isObject } from "../json-schema/json.ts";
import type { JsonObject } from "../json-schema/json.ts";
import { cleanText } from "./display-text.ts";
import { asksForSecret } from "./secret-detection.ts";

/** Cleaned and bounded: fit to be shown as plain text. */
export type Question =
  /** `requestedSchema` is one that `readFormSchema` has made. */
  | { mode: "form"; message: string; requestedSchema: JsonObject }
  /** An address to be opened by the person, never by us. */
  | { mode: "url"; message: string; url: string };

/** In form mode `content` holds the fields; in URL mode nothing. */
export type Answer =
  | { action: "accept"; content: JsonObject | null }
  /** The person said no, or we did on their behalf. */
  | { action: "decline" }
  /** Nobody said anything: dismissed, out of time, or the call is over. */
  | { action: "cancel" };

export type ReadQuestion =
  | { kind: "question"; question: Question }
  /** It is not put to anybody; `note` says why, in a sentence without any of the server's words. */
  | { kind: "refused"; note: string };

const LONGEST_MESSAGE = 4_000;
const LONGEST_URL = 4_096;
const ASKED_SECRET =
  "The server asked for a password or another secret in a form. Gatehouse declined: secrets do not belong in forms.";

/**
 * Reads the parameters of `elicitation/create`, or of an entry of `inputRequests`.
 *
 * @param allowsLoopback addresses to open may be http ones of this machine
 */
export function readQuestion(params: unknown, allowsLoopback: boolean): ReadQuestion {
  if (!isObject(params) || typeof params["message"] !== "string") {
    return refuse("it has no message");
  }
  const message = cleanText(params["message"], LONGEST_MESSAGE);
  switch (params["mode"]) {
    case undefined:
    case "form":
      return readFormQuestion(message, params["requestedSchema"]);
    case "url":
      return readUrlQuestion(message, params["url"], allowsLoopback);
    default:
      return refuse("it is of a kind that the protocol does not know");
  }
}

function readFormQuestion(message: string, raw: unknown): ReadQuestion {
  const form = readFormSchema(raw);
  if (form.kind === "unfit") return refuse(form.fault);
  const isSecret = form.kind === "secret" || (hasTypedField(form.schema) && asksForSecret(message));
  if (isSecret) return { kind: "refused", note: ASKED_SECRET };
  return { kind: "question", question: { mode: "form", message, requestedSchema: form.schema } };
}

/** A form of choices alone takes nothing that is secret. */
function hasTypedField({ properties }: JsonObject): boolean {
  return Object.values(properties as Record<string, JsonObject>).some(
    ({ type, enum: choices, oneOf }) =>
      !choices && !oneOf && (type === "string" || type === "number" || type === "integer"),
  );
}

function readUrlQuestion(message: string, raw: unknown, allowsLoopback: boolean): ReadQuestion {
  const url = typeof raw === "string" && raw.length <= LONGEST_URL ? parseUrl(raw) : null;
  if (!url) return refuse("the address to open is none");
  if (url.username !== "" || url.password !== "") {
    return refuse("the address to open has a password in it");
  }
  const isLocal = isLoopbackHost(url.hostname);
  if (isLocal && !allowsLoopback) return refuse("the address to open is of this machine");
  if (url.protocol !== "https:" && !(isLocal && url.protocol === "http:")) {
    return refuse("the address to open is not https");
  }
  return { kind: "question", question: { mode: "url", message, url: url.href } };
}

function refuse(fault: string): ReadQuestion {
  return { kind: "refused", note: `The server asked something that was declined: ${fault}.` };
}
