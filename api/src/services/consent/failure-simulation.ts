import type { Changes } from "#events/changes.ts";
import type { Database, McpServer } from "@gatehouse/prisma";
import type { AccountReason } from "#oauth/key-state.ts";
import type { GrantStore } from "#oauth/ports.ts";
import {
  isDeadReason,
  nextState,
  type OAuthEvent,
  type GrantStatus,
  readGrantStatus,
} from "#oauth/state.ts";
import type { GrantLifecycle } from "#storage/grant-lifecycle.ts";
import type { GrantMove } from "#storage/grant-move.ts";
import { type Access, type Caller, consentAction, ownerOf } from "../access/access.ts";
import { InputFaults, ServiceError } from "../access/service-error.ts";
import type { Revocation } from "../grant/revocation.ts";

/** Simulates OAuth failures for the development of integrations. Only the cause is simulated; all effects are real. */
export interface Simulation {
  /**
   * Sets the caller's account (or the workspace's shared account) at a sandbox server to the state of this reason. An account that already
   * has it is not changed.
   * @throws ServiceError CONFLICT if the sandbox is not running or the account changed concurrently; BAD_USER_INPUT for servers outside the
   * sandbox and for reasons that cannot follow from the account's state; otherwise as `Access.requireServer`
   */
  enter(caller: Caller | null, input: { serverId: string; reason: AccountReason }): Promise<void>;
}

export interface SimulationDeps {
  db: Database;
  access: Access;
  grants: Pick<GrantLifecycle, "end" | "changeState">;
  grantStore: Pick<GrantStore, "markDead">;
  grantMove: GrantMove;
  revocation: Pick<Revocation, "kick">;
  changes: Pick<Changes, "server">;
  /** The URLs of the sandbox's MCP servers. Null if the sandbox is not running. */
  sandboxUrls: readonly string[] | null;
}

/** The events that lead an account to each reason, in order. */
const stories: Record<AccountReason, readonly OAuthEvent[]> = {
  // The server temporarily did not require authentication.
  NOT_CONNECTED: [{ type: "authorizationNotRequired" }, { type: "authorizationRequired" }],
  GRANT_INVALID: [{ type: "refreshFailedDead", reason: "GRANT_INVALID" }],
  NO_REFRESH_TOKEN: [{ type: "refreshFailedDead", reason: "NO_REFRESH_TOKEN" }],
  REFRESH_INTERRUPTED: [{ type: "refreshFailedDead", reason: "REFRESH_INTERRUPTED" }],
  REFRESH_REFUSED: [{ type: "refreshFailedDead", reason: "REFRESH_REFUSED" }],
  CLIENT_INVALID: [{ type: "refreshFailedDead", reason: "CLIENT_INVALID" }],
  AUTHORIZATION_SERVER_CHANGED: [
    { type: "refreshFailedDead", reason: "AUTHORIZATION_SERVER_CHANGED" },
  ],
  TOKEN_REJECTED: [{ type: "tokenRejected" }],
  INSUFFICIENT_SCOPE: [{ type: "scopeInsufficient" }],
  SETTINGS_CHANGED: [{ type: "settingsChanged" }],
  DISCONNECTED_BY_USER: [{ type: "disconnected" }],
  MEMBER_REMOVED: [{ type: "memberRemoved" }],
  // The servers of the sandbox use OAuth.
  KEY_MISSING: [],
  KEY_REJECTED: [],
};

export function createSimulation(deps: SimulationDeps): Simulation {
  return {
    async enter(maybeCaller, { serverId, reason }) {
      const { caller, server } = await deps.access.requireServer(
        maybeCaller,
        serverId,
        ({ credentialScope }) => consentAction(credentialScope),
      );
      if (!deps.sandboxUrls) throw new ServiceError("CONFLICT", "The sandbox is not running.");
      checkServer(server, deps.sandboxUrls);
      const account = { serverId, ownerId: ownerOf(server, caller) };
      const grant = await deps.db.oAuthGrant.findUnique({
        where: { serverId_ownerId: account },
        select: { id: true, state: true, reason: true, version: true },
      });
      const present = readGrantStatus(
        grant?.state ?? "DISCONNECTED",
        grant ? grant.reason : "NOT_CONNECTED",
      );
      if (present.reason === reason) return;
      // The reason for a disconnection is kept until the account is connected again.
      if (!grant || present.state === "DISCONNECTED") throw cannotFollow(present, reason);
      const next = stories[reason].reduce<GrantStatus>(
        (status, event) => nextState(status.state, status.reason, event),
        present,
      );
      if (next.reason !== reason) throw cannotFollow(present, reason);
      if (!(await store(deps, grant, account, present, next, caller.userId)))
        throw new ServiceError("CONFLICT", "Another request changed the account. Try again.");
    },
  };
}

function checkServer(server: McpServer, sandboxUrls: readonly string[]): void {
  const faults = new InputFaults();
  if (!sandboxUrls.includes(server.url))
    faults.add("serverId", "Only accounts of sandbox servers can be simulated.");
  else if (server.authType !== "OAUTH")
    faults.add("serverId", "This server does not require OAuth, so its accounts have no state.");
  faults.throwIfAny();
}

async function store(
  { db, grants, grantStore, grantMove, revocation, changes }: SimulationDeps,
  grant: { id: string; version: number },
  account: { serverId: string; ownerId: string },
  from: GrantStatus,
  to: GrantStatus,
  actorId: string,
): Promise<boolean> {
  if (to.state === "DISCONNECTED") {
    const ended = await grants.end(account, to.reason, actorId);
    await db.toolCatalog.deleteMany({ where: account });
    changes.server(account.serverId);
    revocation.kick();
    return ended;
  }
  if (to.reason === "AUTHORIZATION_SERVER_CHANGED") {
    const moved = await grantMove.markMoved(grant.id, grant.version);
    revocation.kick();
    return moved;
  }
  if (isDeadReason(to.reason)) return grantStore.markDead(grant.id, grant.version, to.reason);
  if (!isHeld(from) || !isHeld(to)) return false;
  return grants.changeState(grant.id, { ...from, version: grant.version }, to);
}

function cannotFollow({ state, reason }: GrantStatus, wanted: AccountReason): ServiceError {
  const present = reason ? `${state} (${reason})` : state;
  const message = `An account in the state ${present} cannot change to ${wanted}. Connect it first.`;
  return new ServiceError("BAD_USER_INPUT", message, { fieldErrors: { reason: [message] } });
}

/** The states in which tokens can be stored. */
function isHeld<Status extends GrantStatus>(
  status: Status,
): status is Status & { state: "CONNECTED" | "REAUTH_REQUIRED" } {
  return status.state === "CONNECTED" || status.state === "REAUTH_REQUIRED";
}
