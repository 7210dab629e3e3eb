import type { McpServer } from "@gatehouse/prisma";
import type { Caller } from "../access/access.ts";
import { InputFaults } from "../access/service-error.ts";
import { lockServer, patient } from "./server-lock.ts";
import { eventAbout, type ServersDeps } from "./servers.ts";
import { isIssuer, noIssuer } from "./target-settings.ts";

/**
 * Accepts metadata of `issuer` although it was found at another address of the same origin (RFC 8414 §3.3 demands equality, regressions
 * I16). Null revokes the decision and ends the accounts that depend on it. Requires ADMIN.
 */
export async function trustIssuer(
  deps: ServersDeps,
  maybeCaller: Caller | null,
  { serverId, issuer }: { serverId: string; issuer: string | null },
): Promise<McpServer> {
  const { caller, server } = await deps.access.requireServer(maybeCaller, serverId, "administer");
  const faults = new InputFaults();
  if (issuer !== null && !isIssuer(issuer)) faults.add("issuer", noIssuer);
  faults.throwIfAny();
  const { updated, ended } = await deps.db.$transaction(async (tx) => {
    await lockServer(tx, serverId);
    const before = await tx.mcpServer.findUniqueOrThrow({ where: { id: serverId } });
    const earlier = before.oauthTrustedIssuer;
    if (earlier === issuer) return { updated: before, ended: 0 };
    const depending =
      earlier === null ? 0 : await tx.oAuthGrant.count({ where: { serverId, issuer: earlier } });
    const outcome =
      depending === 0
        ? { ended: 0 }
        : await deps.grants.endAll(tx, serverId, "SETTINGS_CHANGED", caller.userId);
    await deps.appendEvent(tx, {
      ...eventAbout(before, caller),
      type: "SERVER_UPDATED",
      payload: { fields: ["oauthTrustedIssuer"] },
    });
    const data = { oauthTrustedIssuer: issuer };
    return { updated: await tx.mcpServer.update({ where: { id: serverId }, data }), ...outcome };
  }, patient);
  deps.changes.server(server.id);
  deps.changes.workspace(server.workspaceId);
  if (ended > 0) deps.revocation.kick();
  return updated;
}
