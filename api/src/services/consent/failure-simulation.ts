import type { Changes } from "#events/changes.ts";
import type { Database, McpServer } from "@gatehouse/prisma";
import type { GrantStore } from "#oauth/ports.ts";
import {
  isDeadReason,
  nextState,
  type OAuthEvent,
  type OAuthReason,
  type OAuthStanding,
  readStanding,
} from "#oauth/state.ts";
import type { GrantLifecycle } from "#storage/grant-lifecycle.ts";
import type { GrantMove } from "#storage/grant-move.ts";
import { type Access, type Caller, consentAction, ownerOf } from "../access/access.ts";
import { InputFaults, ServiceError } from "../access/service-error.ts";
import type { Revocation } from "../grant/revocation.ts";

/** Trouble on demand, for whoever builds a dashboard: all of it is real but its cause. */
export interface Simulation {
  /**
   * Has the caller's account (the workspace's, where it is shared) at a server of the sandbox stand so for this reason. An account
   * that stands so already is left alone.
   * @throws ServiceError CONFLICT without a sandbox, or when the account changed meanwhile; BAD_USER_INPUT for any other server,
   * and where the reason cannot follow from how the account stands; else as `Access.requireServer` does
   */
  enter(caller: Caller | null, input: { serverId: string; reason: OAuthReason }): Promise<void>;
}

export interface SimulationDeps {
  db: Database;
  access: Access;
  grants: Pick<GrantLifecycle, "end" | "changeState">;
  grantStore: Pick<GrantStore, "markDead">;
  grantMove: GrantMove;
  revocation: Pick<Revocation, "kick">;
  changes: Pick<Changes, "server">;
  /** Of the sandbox's MCP servers; null when it does not run. */
  sandboxUrls: readonly string[] | null;
}

/** What happens to an account that comes to stand so, in order. */
const stories: Record<OAuthReason, readonly OAuthEvent[]> = {
  // The server let everybody in for a while.
  NOT_CONNECTED: [{ type: "authorizationNotRequired" }, { type: "authorizationRequired" }],
  GRANT_INVALID: [{ type: "refreshFailedDead", reason: "GRANT_INVALID" }],
  NO_REFRESH_TOKEN: [{ type: "refreshFailedDead", reason: "NO_REFRESH_TOKEN" }],
  REFRESH_INTERRUPTED: [{ type: "refreshFailedDead", reason: "REFRESH_INTERRUPTED" }],
  CLIENT_INVALID: [{ type: "refreshFailedDead", reason: "CLIENT_INVALID" }],
  AUTHORIZATION_SERVER_CHANGED: [
    { type: "refreshFailedDead", reason: "AUTHORIZATION_SERVER_CHANGED" },
  ],
  TOKEN_REJECTED: [{ type: "tokenRejected" }],
  INSUFFICIENT_SCOPE: [{ type: "scopeInsufficient" }],
  SETTINGS_CHANGED: [{ type: "settingsChanged" }],
  DISCONNECTED_BY_USER: [{ type: "disconnected" }],
  MEMBER_REMOVED: [{ type: "memberRemoved" }],
};

export function createSimulation(deps: SimulationDeps): Simulation {
  const { db, grants } = deps;

  function checkServer(server: McpServer, sandboxUrls: readonly string[]): void {
    const faults = new InputFaults();
    if (!sandboxUrls.includes(server.url))
      faults.add("serverId", "Only an account at a server of the sandbox can be simulated.");
    else if (server.authType !== "OAUTH")
      faults.add("serverId", "This server asks for no OAuth, so its accounts have no state.");
    faults.throwIfAny();
  }

  async function store(
    grant: { id: string; version: number },
    account: { serverId: string; ownerId: string },
    from: OAuthStanding,
    to: OAuthStanding,
    actorId: string,
  ): Promise<boolean> {
    if (to.state === "DISCONNECTED") {
      const ended = await grants.end(account, to.reason, actorId);
      await db.toolCatalog.deleteMany({ where: account });
      deps.changes.server(account.serverId);
      deps.revocation.kick();
      return ended;
    }
    if (to.reason === "AUTHORIZATION_SERVER_CHANGED") {
      const moved = await deps.grantMove.markMoved(grant.id, grant.version);
      deps.revocation.kick();
      return moved;
    }
    if (isDeadReason(to.reason))
      return deps.grantStore.markDead(grant.id, grant.version, to.reason);
    if (!isHeld(from) || !isHeld(to)) return false;
    return grants.changeState(grant.id, { ...from, version: grant.version }, to);
  }

  return {
    async enter(maybeCaller, { serverId, reason }) {
      const { caller, server } = await deps.access.requireServer(
        maybeCaller,
        serverId,
        ({ credentialScope }) => consentAction(credentialScope),
      );
      if (!deps.sandboxUrls) throw new ServiceError("CONFLICT", "The sandbox does not run here.");
      checkServer(server, deps.sandboxUrls);
      const account = { serverId, ownerId: ownerOf(server, caller) };
      const grant = await db.oAuthGrant.findUnique({
        where: { serverId_ownerId: account },
        select: { id: true, state: true, reason: true, version: true },
      });
      const present = readStanding(
        grant?.state ?? "DISCONNECTED",
        grant ? grant.reason : "NOT_CONNECTED",
      );
      if (present.reason === reason) return;
      // How an account was ended stays told until somebody connects.
      if (!grant || present.state === "DISCONNECTED") throw cannotFollow(present, reason);
      const next = stories[reason].reduce<OAuthStanding>(
        (standing, event) => nextState(standing.state, standing.reason, event),
        present,
      );
      if (next.reason !== reason) throw cannotFollow(present, reason);
      if (!(await store(grant, account, present, next, caller.userId)))
        throw new ServiceError("CONFLICT", "The account changed just now. Look again.");
    },
  };
}

function cannotFollow({ state, reason }: OAuthStanding, wanted: OAuthReason): ServiceError {
  const present = reason ? `${state} (${reason})` : state;
  const message = `An account that is ${present} does not become ${wanted}. Connect it first.`;
  return new ServiceError("BAD_USER_INPUT", message, { fieldErrors: { reason: [message] } });
}

/** The states in which tokens may be held. */
function isHeld<Standing extends OAuthStanding>(
  standing: Standing,
): standing is Standing & { state: "CONNECTED" | "REAUTH_REQUIRED" } {
  return standing.state === "CONNECTED" || standing.state === "REAUTH_REQUIRED";
}
