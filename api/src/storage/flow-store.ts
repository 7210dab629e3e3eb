import type {
  Database,
  OAuthFlow,
  OAuthFlowError,
  OAuthFlowMode,
  OAuthFlowStatus,
  Prisma,
  Transaction,
} from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";

export interface NewFlow {
  mode: OAuthFlowMode;
  returnTo: string | null;
  userId: string;
  ownerId: string;
  workspaceId: string;
  serverId: string;
  configVersion: number;
  /** How long the flow stays valid, in milliseconds. */
  ttlMs: number;
}

/** The values that the callback needs, stored before the user is redirected. */
export interface PreparedFlow {
  stateHash: Uint8Array<ArrayBuffer>;
  codeVerifier: string;
  clientRowId: string;
  authorizationServer: Prisma.InputJsonObject;
  resource: string | null;
  /** The provider profile that the flow uses. */
  profile: string | null;
  requestedScopes: string[];
  redirectUri: string;
}

/** A callback that arrived while the user was not signed in. */
export interface HeldCallback {
  /** The callback's query string; it is encrypted. */
  query: string;
  /** SHA-256 of the secret that only the browser that delivered the callback has. */
  secretHash: Uint8Array<ArrayBuffer>;
  ttlMs: number;
}

/** A flow whose state has been used. The PKCE verifier is decrypted. */
export interface TakenFlow extends OAuthFlow {
  openCodeVerifier: string | null;
}

/** Consent flows: one row each. The state is stored as a hash and can be used once. */
export interface FlowStore {
  create(flow: NewFlow): Promise<OAuthFlow>;
  /** Null if the flow has ended in the meantime. */
  prepare(flowId: string, prepared: PreparedFlow): Promise<OAuthFlow | null>;
  find(flowId: string): Promise<OAuthFlow | null>;
  findByState(stateHash: Uint8Array<ArrayBuffer>): Promise<OAuthFlow | null>;
  /**
   * Uses the state atomically, whatever the outcome of the flow; null if it was already used,
   * cancelled or has expired.
   */
  take(flowId: string): Promise<TakenFlow | null>;
  /** Appends the steps in the given order. */
  addSteps(flowId: string, steps: readonly object[]): Promise<void>;
  /** Stores an issuer that an admin can trust, so that the next attempt succeeds. */
  offerIssuer(flowId: string, issuer: string): Promise<void>;
  /** Ends a flow that is still open; false if it had already ended. */
  finish(
    flowId: string,
    status: Exclude<OAuthFlowStatus, "PENDING">,
    error?: OAuthFlowError | null,
    errorDetail?: string | null,
  ): Promise<boolean>;
  /**
   * Ends every open flow of a server, in the caller's transaction. Publish the returned ids after
   * the commit.
   */
  failOpen(tx: Transaction, serverId: string, error: OAuthFlowError): Promise<string[]>;
  /** Ends every open flow of a user in a workspace, in the caller's transaction. */
  failOpenOf(
    tx: Transaction,
    person: { workspaceId: string; userId: string },
    error: OAuthFlowError,
  ): Promise<string[]>;
  /** Cancels the user's attempts for an account that are open and started earlier (regressions Q17). */
  cancelOlder(
    attempts: { serverId: string; ownerId: string; userId: string },
    startedBefore: Date,
  ): Promise<void>;
  /**
   * Keeps a callback until the user signs in, and replaces one that is already held. False if the
   * flow has ended.
   */
  hold(flowId: string, callback: HeldCallback): Promise<boolean>;
  /** Finds the flow whose held callback was delivered by the browser that has this secret. */
  findByHeldSecret(secretHash: Uint8Array<ArrayBuffer>): Promise<OAuthFlow | null>;
  /** The parameters held under this secret; null when there are none or they have expired. */
  readHeld(flowId: string, secretHash: Uint8Array<ArrayBuffer>): Promise<string | null>;
}

export function createFlowStore(deps: {
  db: Database;
  box: SealedBox;
  publish(flowId: string): void;
}): FlowStore {
  const { db, box } = deps;
  const context = (column: string, rowId: string) => ({ table: "OAuthFlow", column, rowId });

  async function failWhere(
    tx: Transaction,
    where: Prisma.OAuthFlowWhereInput,
    error: OAuthFlowError,
  ): Promise<string[]> {
    const failed = await tx.oAuthFlow.updateManyAndReturn({
      where: { ...where, status: "PENDING" },
      data: {
        status: "FAILED",
        error,
        finishedAt: new Date(),
        codeVerifier: null,
        heldCallback: null,
      },
      select: { id: true },
    });
    return failed.map(({ id }) => id);
  }

  return {
    async create({ ttlMs, ...flow }) {
      // The database's clock, because another process subtracts this time from the time of the
      // callback.
      const [clock] = await db.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS "now"`;
      if (!clock) throw new Error("the database returned no time");
      const expiresAt = new Date(Date.now() + ttlMs);
      return db.oAuthFlow.create({ data: { ...flow, startedAt: clock.now, expiresAt } });
    },
    async prepare(flowId, { clientRowId, codeVerifier, ...prepared }) {
      const [flow] = await db.oAuthFlow.updateManyAndReturn({
        where: { id: flowId, status: "PENDING" },
        data: {
          ...prepared,
          clientId: clientRowId,
          codeVerifier: box.seal(codeVerifier, context("codeVerifier", flowId)),
        },
      });
      deps.publish(flowId);
      return flow ?? null;
    },
    find(flowId) {
      return db.oAuthFlow.findUnique({ where: { id: flowId } });
    },
    findByState(stateHash) {
      return db.oAuthFlow.findUnique({ where: { stateHash } });
    },
    async take(flowId) {
      // One statement decides between concurrent callbacks with the same state (regressions C3,
      // C6).
      const taken = await db.$queryRaw<{ id: string }[]>`
        UPDATE "OAuthFlow" SET "consumedAt" = clock_timestamp(), "heldCallback" = NULL, "heldUntil" = NULL
        WHERE "id" = ${flowId}::uuid AND "consumedAt" IS NULL AND "status" = 'PENDING' AND "expiresAt" > clock_timestamp()
        RETURNING "id"`;
      if (taken.length === 0) {
        // A flow that has expired is marked as such now.
        await db.$executeRaw`
          UPDATE "OAuthFlow" SET "status" = 'EXPIRED', "finishedAt" = clock_timestamp(), "codeVerifier" = NULL, "heldCallback" = NULL
          WHERE "id" = ${flowId}::uuid AND "consumedAt" IS NULL AND "status" = 'PENDING'`;
        deps.publish(flowId);
        return null;
      }
      const flow = await db.oAuthFlow.findUniqueOrThrow({ where: { id: flowId } });
      await db.oAuthFlow.update({ where: { id: flowId }, data: { codeVerifier: null } });
      return {
        ...flow,
        openCodeVerifier:
          flow.codeVerifier && box.open(flow.codeVerifier, context("codeVerifier", flowId)),
      };
    },
    async addSteps(flowId, steps) {
      if (steps.length === 0) return;
      await db.$executeRaw`
        UPDATE "OAuthFlow" SET "steps" = "steps" || ${JSON.stringify(steps)}::jsonb WHERE "id" = ${flowId}::uuid`;
      deps.publish(flowId);
    },
    async offerIssuer(flowId, untrustedIssuer) {
      await db.oAuthFlow.update({ where: { id: flowId }, data: { untrustedIssuer } });
    },
    async finish(flowId, status, error = null, errorDetail = null) {
      const finished = await db.oAuthFlow.updateMany({
        where: { id: flowId, status: "PENDING" },
        data: {
          status,
          error,
          errorDetail,
          finishedAt: new Date(),
          codeVerifier: null,
          heldCallback: null,
        },
      });
      deps.publish(flowId);
      return finished.count === 1;
    },
    async cancelOlder(attempts, startedBefore) {
      const cancelled = await db.oAuthFlow.updateManyAndReturn({
        where: {
          ...attempts,
          status: "PENDING",
          consumedAt: null,
          startedAt: { lt: startedBefore },
        },
        data: {
          status: "CANCELLED",
          finishedAt: new Date(),
          codeVerifier: null,
          heldCallback: null,
        },
        select: { id: true },
      });
      for (const { id } of cancelled) deps.publish(id);
    },
    failOpen: (tx, serverId, error) => failWhere(tx, { serverId }, error),
    failOpenOf: (tx, person, error) => failWhere(tx, person, error),
    async hold(flowId, { query, secretHash, ttlMs }) {
      const sealed = box.seal(query, context("heldCallback", flowId));
      // Parameters and secret are replaced together: a browser never finishes a callback that another one delivered (regression A1).
      const open = await db.$queryRaw<{ id: string }[]>`
        UPDATE "OAuthFlow" SET
          "heldCallback" = ${sealed}, "heldSecretHash" = ${secretHash},
          "heldUntil" = clock_timestamp() + make_interval(secs => ${ttlMs / 1000}::float8)
        WHERE "id" = ${flowId}::uuid AND "status" = 'PENDING' AND "consumedAt" IS NULL AND "expiresAt" > clock_timestamp()
        RETURNING "id"`;
      return open.length === 1;
    },
    findByHeldSecret(heldSecretHash) {
      return db.oAuthFlow.findUnique({ where: { heldSecretHash } });
    },
    async readHeld(flowId, secretHash) {
      const [flow] = await db.$queryRaw<{ heldCallback: Uint8Array }[]>`
        SELECT "heldCallback" FROM "OAuthFlow"
        WHERE "id" = ${flowId}::uuid AND "heldSecretHash" = ${secretHash}
          AND "heldCallback" IS NOT NULL AND "heldUntil" > clock_timestamp()`;
      if (!flow) return null;
      return box.open(flow.heldCallback, context("heldCallback", flowId));
    },
  };
}
