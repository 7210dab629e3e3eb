import { isUuid } from "#services/access/input.ts";

/** The global id of Relay: opaque to clients, the type's name and the row's id to us. */
export function encodeGlobalId(typename: string, id: string | number | bigint): string {
  return Buffer.from(`${typename}:${id}`).toString("base64url");
}

/** Anything that we did not make decodes to an id of no type, which nothing is found under. */
export function decodeGlobalId(globalId: string): { typename: string; id: string } {
  const [typename = "", id = ""] = Buffer.from(globalId, "base64url").toString().split(":");
  return isUuid(id) ? { typename, id } : { typename: "", id: "" };
}

/** @returns the row's id; null when the global id is malformed or names another type. */
export function readId(globalId: string, typename: string): string | null {
  const decoded = decodeGlobalId(globalId);
  return decoded.typename === typename ? decoded.id : null;
}

const nobody = "00000000-0000-0000-0000-000000000000";

/** For mutations: an id that cannot exist leads to the same NOT_FOUND as one that does not. */
export function readIdOrNobody(globalId: string, typename: string): string {
  return readId(globalId, typename) ?? nobody;
}
