import type { Prisma } from "@gatehouse/prisma";
import type { Caller } from "#services/access/access.ts";
import { hasControlCharacters } from "#services/access/input.ts";
import { builder } from "../builder.ts";
import { OAuthState, type OAuthStateName } from "../oauth/state.ts";
import { McpAuthType } from "./auth-type.ts";

export const McpServerFilter = builder.inputType("McpServerFilter", {
  description: "Conditions for a filter. An entry must match all of them.",
  fields: (t) => ({
    search: t.string({
      description: "Filters by a substring of the name, URL or description, ignoring case.",
    }),
    oauthState: t.field({
      type: [OAuthState],
      description: "The OAuth states to include, for the account that the caller's calls use.",
    }),
    authType: t.field({ type: [McpAuthType] }),
    enabled: t.boolean(),
  }),
});

type Where = Prisma.McpServerWhereInput;

/** Grants of the account that the caller would use. */
function grantIn(caller: Caller | null, states: Prisma.OAuthGrantWhereInput["state"]): Where {
  const userId = caller?.userId ?? "";
  return {
    grants: { some: { state: states } },
    OR: [
      { credentialScope: "PERSONAL", grants: { some: { state: states, ownerId: userId } } },
      // A server with a shared account only uses the account of the workspace.
      { credentialScope: "WORKSPACE" },
    ],
  };
}

/** Keys of the account that the caller would use, in the same way. */
function keyIn(caller: Caller | null, key: Prisma.ServerKeyWhereInput): Where {
  return {
    OR: [
      { credentialScope: "PERSONAL", keys: { some: { ...key, ownerId: caller?.userId ?? "" } } },
      // Keys of users do not exist at a server with a shared account.
      { credentialScope: "WORKSPACE", keys: { some: key } },
    ],
  };
}

/** Servers with a key that was not tried since it was changed, or without a key. */
function untriedKey(caller: Caller | null, { isMissing }: { isMissing: boolean }): Where {
  const hasKey: Where = {
    OR: [{ headers: { not: null } }, keyIn(caller, { headers: { not: null } })],
  };
  return {
    authType: "HEADERS",
    NOT: keyIn(caller, { state: { in: ["ACCEPTED", "REJECTED"] } }),
    AND: [isMissing ? { NOT: hasKey } : hasKey],
  };
}

function stateIs(state: OAuthStateName, caller: Caller | null): Where {
  const unconnected: Where = {
    authType: "OAUTH",
    NOT: grantIn(caller, { in: ["CONNECTED", "REAUTH_REQUIRED"] }),
  };
  const openFlow: Where = {
    flows: {
      some: { userId: caller?.userId ?? "", status: "PENDING", expiresAt: { gt: new Date() } },
    },
  };
  switch (state) {
    case "UNKNOWN":
      return { OR: [{ authType: "UNKNOWN" }, untriedKey(caller, { isMissing: false })] };
    case "NOT_REQUIRED":
      return { authType: "NONE" };
    case "AUTHORIZING":
      return { AND: [unconnected, openFlow] };
    case "DISCONNECTED":
      return { AND: [unconnected, { NOT: openFlow }] };
    case "CONNECTED":
      return {
        OR: [
          { authType: "OAUTH", AND: [grantIn(caller, state)] },
          { authType: "HEADERS", AND: [keyIn(caller, { state: "ACCEPTED" })] },
        ],
      };
    case "REAUTH_REQUIRED":
      return {
        OR: [
          { authType: "OAUTH", AND: [grantIn(caller, state)] },
          { authType: "HEADERS", AND: [keyIn(caller, { state: "REJECTED" })] },
          untriedKey(caller, { isMissing: true }),
        ],
      };
  }
}

/** The condition for servers that are not deleted. */
export function serversMatching(
  filter: {
    search?: string | null | undefined;
    oauthState?: readonly OAuthStateName[] | null | undefined;
    authType?: readonly ("UNKNOWN" | "NONE" | "HEADERS" | "OAUTH")[] | null | undefined;
    enabled?: boolean | null | undefined;
  },
  caller: Caller | null,
): Where {
  const conditions: Where[] = [{ deletedAt: null }];
  const search = filter.search?.trim();
  if (search && hasControlCharacters(search)) conditions.push({ id: { in: [] } });
  else if (search) {
    // Escapes the wildcards of LIKE.
    const literal = search.replaceAll(/[\\%_]/g, "\\$&");
    const contains = { contains: literal, mode: "insensitive" as const };
    // A query string can contain a key, which must not be discoverable by a search.
    const url: Where = { AND: [{ url: contains }, { NOT: { url: { contains: "?" } } }] };
    conditions.push({ OR: [{ name: contains }, url, { description: contains }] });
  }
  if (filter.oauthState) {
    const states = filter.oauthState.map((state) => stateIs(state, caller));
    // Prisma ignores an empty OR here, but an empty list matches nothing.
    conditions.push(states.length > 0 ? { OR: states } : { id: { in: [] } });
  }
  if (filter.authType) conditions.push({ authType: { in: [...filter.authType] } });
  if (filter.enabled != null) conditions.push({ enabled: filter.enabled });
  return { AND: conditions };
}
