/** The keys of accounts at servers that authenticate with headers, and whether the servers accept them (regressions I20). */
import { LRUCache } from "lru-cache";
import type { Database, McpServer, ServerKey, Transaction } from "@gatehouse/prisma";
import type { Changes } from "#events/changes.ts";
import { describeKey, type KeyEvent, type KeyStatus, nextKeyState } from "#oauth/key-state.ts";
import type { KeyRow } from "#storage/call-row-store.ts";
import type { StateChange } from "#storage/grant-store.ts";
import type { ServerSecrets } from "#storage/server-secrets.ts";
import { keyOfAccount } from "../cache/account-key.ts";
import type { CallCaches } from "../cache/call-caches.ts";

/** The user's own headers, and the version that they belong to. */
export interface OwnHeaders {
  headers: Record<string, string>;
  version: number;
}

export interface AccountKeys {
  /**
   * Returns the headers that an account sends in addition to those of the server. Null if they belong to newer settings of the server than
   * those in `server`, and must not be sent to its URL.
   */
  read(server: McpServer, ownerId: string): Promise<OwnHeaders | null>;
  /** Identifies the headers that a session of the account was opened with. Null if the account has none of its own. */
  identify(account: { serverId: string; ownerId: string }): string | null | Promise<string | null>;
  /** Called after the server answered a call. Returns synchronously if this is known already. */
  accepted(server: McpServer, ownerId: string): void | Promise<void>;
  /** Called after the server rejected a call. @param version the version of the headers that were sent */
  rejected(server: McpServer, ownerId: string, version: number): Promise<void>;
}

export interface AccountKeysDeps {
  db: Database;
  secrets: Pick<ServerSecrets, "openKey">;
  rows: Pick<CallCaches, "keys">;
  appendStateChange(tx: Transaction, change: StateChange): Promise<void>;
  changes: Pick<Changes, "grant">;
  /** Called if a state could not be stored. The call continues, and the next one repeats it. */
  onError(error: unknown): void;
}

/** The version of an account without headers of its own. */
const withoutOwn = 0;
const mostRemembered = 10_000;

export function createAccountKeys(deps: AccountKeysDeps): AccountKeys {
  const { rows } = deps;
  /** The version of the headers that each account sent last, to which a response belongs. */
  const sent = new LRUCache<string, number>({ max: mostRemembered });

  async function record(
    server: McpServer,
    ownerId: string,
    version: number,
    event: KeyEvent,
  ): Promise<void> {
    try {
      const recorded = await deps.db.$transaction((tx) =>
        recordEvent(deps, tx, server, ownerId, { version, event }),
      );
      if (recorded) deps.changes.grant(recorded.id, recorded.workspaceId);
    } catch (error) {
      deps.onError(error);
    }
  }

  async function accept(server: McpServer, ownerId: string): Promise<void> {
    const account = keyOfAccount(server.id, ownerId);
    const row = await rows.keys.read(account);
    if (row && isAccepted(row, server)) return;
    await record(server, ownerId, sent.get(account) ?? withoutOwn, "accepted");
  }

  return {
    async read(server, ownerId) {
      const account = keyOfAccount(server.id, ownerId);
      const row = await rows.keys.read(account);
      if (row && row.configVersion > server.configVersion) return null;
      const version = versionOf(row);
      sent.set(account, version);
      if (!row?.headers) return { headers: {}, version };
      return { headers: deps.secrets.openKey({ id: row.id, headers: row.headers }), version };
    },

    identify({ serverId, ownerId }) {
      const reading = rows.keys.read(keyOfAccount(serverId, ownerId));
      return reading instanceof Promise ? reading.then(identify) : identify(reading);
    },

    accepted(server, ownerId) {
      const row = rows.keys.recall(keyOfAccount(server.id, ownerId));
      return row && isAccepted(row, server) ? undefined : accept(server, ownerId);
    },

    rejected: (server, ownerId, version) => record(server, ownerId, version, "rejected"),
  };
}

function isAccepted(row: KeyRow, server: McpServer): boolean {
  return row.state === "ACCEPTED" && row.configVersion === server.configVersion;
}

function versionOf(row: Pick<KeyRow, "headers" | "version"> | null): number {
  return row?.headers ? row.version : withoutOwn;
}

function identify(row: KeyRow | null): string | null {
  return row?.headers ? `${row.id} ${row.version}` : null;
}

/**
 * Records an exchange with the key that was sent, and appends an event if the account's state has changed. Null if nothing has changed, or
 * if the key or the settings are no longer those of the exchange.
 */
async function recordEvent(
  { appendStateChange }: Pick<AccountKeysDeps, "appendStateChange">,
  tx: Transaction,
  { id: serverId, configVersion }: McpServer,
  ownerId: string,
  { version, event }: { version: number; event: KeyEvent },
): Promise<{ id: string; workspaceId: string } | null> {
  // Serializes exchanges, changes of the settings and the end of memberships.
  const [server] = await tx.$queryRaw<LockedServer[]>`
    SELECT "workspaceId", "headers" IS NOT NULL AS "hasHeaders" FROM "McpServer"
    WHERE "id" = ${serverId}::uuid AND "configVersion" = ${configVersion} AND "authType" = 'HEADERS' AND "deletedAt" IS NULL
    FOR NO KEY UPDATE`;
  if (!server) return null;
  const { workspaceId } = server;
  const key = await tx.serverKey.findUnique({ where: { serverId_ownerId: { serverId, ownerId } } });
  if (versionOf(key) !== version) return null;
  if (!key && ownerId !== workspaceId) {
    const isMember = await tx.membership.count({ where: { workspaceId, userId: ownerId } });
    if (isMember === 0) return null;
  }
  const before = key?.configVersion === configVersion ? key.state : "UNKNOWN";
  const state = nextKeyState(before, event);
  if (key && state === key.state && key.configVersion === configVersion) return null;
  const { id } = await tx.serverKey.upsert({
    where: { serverId_ownerId: { serverId, ownerId } },
    create: { serverId, ownerId, state, configVersion, headerNames: [] },
    update: { state, configVersion },
    select: { id: true },
  });
  const hasKey = server.hasHeaders || key?.headers != null;
  // The first rejection is an event even if the key was known to be missing.
  const previous = key ? describeKey(before, hasKey) : unknown;
  await appendChange({ appendStateChange }, tx, previous, describeKey(state, hasKey), {
    workspaceId,
    serverId,
    ownerId,
    actorId: null,
  });
  return { id, workspaceId };
}

interface LockedServer {
  workspaceId: string;
  hasHeaders: boolean;
}

const unknown: KeyStatus = { state: "UNKNOWN", reason: null };

/** Appends an event if the state differs. */
export async function appendChange(
  { appendStateChange }: Pick<AccountKeysDeps, "appendStateChange">,
  tx: Transaction,
  before: Pick<StateChange, "state" | "reason">,
  after: Pick<StateChange, "state" | "reason">,
  account: Pick<StateChange, "workspaceId" | "serverId" | "ownerId" | "actorId">,
): Promise<void> {
  if (before.state === after.state && before.reason === after.reason) return;
  await appendStateChange(tx, { ...account, ...after, previousState: before.state });
}

/** The status of an account, as it is stored. @param key null: there is no row */
export function readKeyStatus(
  server: Pick<McpServer, "configVersion"> & { hasHeaders: boolean },
  key: (Pick<ServerKey, "state" | "configVersion"> & { hasHeaders: boolean }) | null,
): KeyStatus {
  const state = key?.configVersion === server.configVersion ? key.state : "UNKNOWN";
  return describeKey(state, server.hasHeaders || (key?.hasHeaders ?? false));
}
