import { NIL } from "uuid";
import { isUuid } from "#services/access/input.ts";

/** Encodes a global id of Relay from the type name and the row id. It is opaque to clients. */
export function encodeGlobalId(typename: string, id: string | number | bigint): string {
  return Buffer.from(`${typename}:${id}`).toString("base64url");
}

/** Decodes a global id. Any other text results in an id without a type, which no object has. */
export function decodeGlobalId(globalId: string): { typename: string; id: string } {
  const [typename = "", id = ""] = Buffer.from(globalId, "base64url").toString().split(":");
  return isUuid(id) ? { typename, id } : { typename: "", id: "" };
}

/** @returns the row id; null if the global id is invalid or belongs to another type */
export function readId(globalId: string, typename: string): string | null {
  const decoded = decodeGlobalId(globalId);
  return decoded.typename === typename ? decoded.id : null;
}

/**
 * For mutations: an invalid id results in the same NOT_FOUND error as an id that does not exist.
 */
export function readIdOrNobody(globalId: string, typename: string): string {
  return readId(globalId, typename) ?? NIL;
}
