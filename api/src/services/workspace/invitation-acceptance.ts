import type { Changes } from "#events/changes.ts";
import type { Database, Transaction, WorkspaceRole } from "@gatehouse/prisma";
import { type Caller, requirePerson } from "../access/access.ts";
import type { MemberEvent } from "./members.ts";
import { ServiceError } from "../access/service-error.ts";
import type { RateLimiter } from "../access/rate-limit.ts";

/** The reason why an invitation cannot be accepted. */
export type InvitationFault = "EXPIRED" | "USED" | "REVOKED" | "UNKNOWN" | "OTHER_ACCOUNT";

/** What the holder of an invitation link can see. */
export interface InvitationPreview {
  /** Null if the caller can accept the invitation. */
  fault: InvitationFault | null;
  /** Whether the caller is already a member of the workspace. */
  isMember: boolean;
  /** Null if the fault is UNKNOWN. */
  workspaceName: string | null;
  role: WorkspaceRole | null;
  /** Null also if the account was deleted. */
  invitedBy: string | null;
  /**
   * The only email address that may accept the invitation, shortened so that only its owner
   * recognizes it.
   */
  reservedFor: string | null;
  expiresAt: Date | null;
}

export type Acceptance =
  | { kind: "accepted"; workspaceId: string }
  | { kind: "invalid"; reason: InvitationFault };

export interface InvitationAcceptance {
  /**
   * Available to everyone who has the link, signed in or not.
   * @param address the client address of a caller who is not signed in
   * @throws ServiceError RATE_LIMITED with `retryAfterMs`
   */
  preview(caller: Caller | null, token: string, address: string): Promise<InvitationPreview>;
  /**
   * Requires a signed-in user. A user who is already a member gets a successful result, and the
   * invitation stays valid for another user.
   */
  accept(caller: Caller | null, token: string): Promise<Acceptance>;
  /**
   * Whether a user with this email address may sign up for the invitation while sign-up is closed.
   */
  admits(token: string, email: string): Promise<boolean>;
}

export interface InvitationAcceptanceDeps {
  db: Database;
  hash(text: string): Uint8Array<ArrayBuffer>;
  /** Limits attempts by user. */
  limiter: RateLimiter;
  /**
   * Limits attempts by the client address of a caller who is not signed in; null, or the number of
   * milliseconds to wait.
   */
  limitAddress(address: string): Promise<number | null>;
  /** Must be the last statement of the transaction. */
  appendMemberEvent(tx: Transaction, event: MemberEvent): Promise<void>;
  changes: Pick<Changes, "members" | "workspace">;
}

interface FoundInvitation {
  id: string;
  email: string | null;
  role: WorkspaceRole;
  workspaceId: string;
  workspaceName: string;
  invitedBy: string | null;
  expiresAt: Date;
  isUsed: boolean;
  isRevoked: boolean;
  isOver: boolean;
}

interface Person {
  id: string;
  email: string;
}

/**
 * 256 bits as base64url, as created by `makeToken`. Any other text is rejected without a database
 * statement.
 */
const tokenForm = /^[\w-]{43}$/;

const unknownInvitation: InvitationPreview = {
  fault: "UNKNOWN",
  isMember: false,
  workspaceName: null,
  role: null,
  invitedBy: null,
  reservedFor: null,
  expiresAt: null,
};

/** "a•••@example.com": recognizable for its owner, but not for anyone who found the link. */
function shortenEmail(email: string): string {
  const at = email.lastIndexOf("@");
  return `${email.slice(0, 1)}•••${email.slice(at)}`;
}

/** @param email null if the caller is not signed in; the result is then never OTHER_ACCOUNT */
function findFault(found: FoundInvitation | null, email: string | null): InvitationFault | null {
  if (!found) return "UNKNOWN";
  if (found.isRevoked) return "REVOKED";
  if (found.isUsed) return "USED";
  if (found.isOver) return "EXPIRED";
  if (found.email && email && email.toLowerCase() !== found.email) return "OTHER_ACCOUNT";
  return null;
}

export function createInvitationAcceptance(deps: InvitationAcceptanceDeps): InvitationAcceptance {
  const { db } = deps;
  return {
    async preview(caller, token, address) {
      if (!tokenForm.test(token)) return unknownInvitation;
      await limit(deps, caller, address);
      const person = caller && !caller.apiToken ? await findPerson(deps, caller) : null;
      const found = await find(deps, db, token);
      const isMember =
        found !== null &&
        person !== null &&
        (await db.membership.count({
          where: { workspaceId: found.workspaceId, userId: person.id },
        })) > 0;
      return {
        fault: findFault(found, person?.email ?? null),
        isMember,
        workspaceName: found?.workspaceName ?? null,
        role: found?.role ?? null,
        invitedBy: found?.invitedBy ?? null,
        reservedFor: found?.email ? shortenEmail(found.email) : null,
        expiresAt: found?.expiresAt ?? null,
      };
    },

    async accept(maybeCaller, token) {
      const caller = requirePerson(maybeCaller);
      if (!tokenForm.test(token)) return { kind: "invalid", reason: "UNKNOWN" };
      await limit(deps, caller, "");
      const person = await findPerson(deps, caller);
      const acceptance = await db.$transaction((tx) => take(deps, tx, token, person));
      if (acceptance.kind === "accepted") {
        deps.changes.members(acceptance.workspaceId);
        deps.changes.workspace(acceptance.workspaceId);
      }
      return acceptance;
    },

    admits: async (token, email) => findFault(await find(deps, db, token), email) === null,
  };
}

async function find(
  { hash }: InvitationAcceptanceDeps,
  from: Pick<Transaction, "$queryRaw">,
  token: string,
): Promise<FoundInvitation | null> {
  if (!tokenForm.test(token)) return null;
  const [found] = await from.$queryRaw<FoundInvitation[]>`
    SELECT i."id", i."email", i."role"::text AS "role", i."workspaceId", w."name" AS "workspaceName", u."name" AS "invitedBy",
      i."expiresAt", i."acceptedAt" IS NOT NULL AS "isUsed", i."revokedAt" IS NOT NULL AS "isRevoked",
      i."endsAt" <= clock_timestamp() AS "isOver"
    FROM "Invitation" i JOIN "Workspace" w ON w."id" = i."workspaceId" LEFT JOIN "User" u ON u."id" = i."createdById"
    WHERE i."tokenHash" = ${hash(token)}`;
  return found ?? null;
}

/**
 * The keys are users and client addresses, never tokens, because any number of tokens can be
 * invented.
 */
async function limit(
  deps: InvitationAcceptanceDeps,
  caller: Caller | null,
  address: string,
): Promise<void> {
  const retryAfterMs = caller
    ? await deps.limiter.take(caller.userId)
    : await deps.limitAddress(address);
  if (retryAfterMs === null) return;
  const message = "Too many requests for invitations. Wait a moment, then try again.";
  throw new ServiceError("RATE_LIMITED", message, { retryAfterMs });
}

function findPerson({ db }: InvitationAcceptanceDeps, { userId: id }: Caller): Promise<Person> {
  return db.user.findUniqueOrThrow({ where: { id }, select: { id: true, email: true } });
}

/** Of two concurrent acceptances the second one waits here and finds the invitation used. */
async function take(
  deps: InvitationAcceptanceDeps,
  tx: Transaction,
  token: string,
  person: Person,
): Promise<Acceptance> {
  const first = await find(deps, tx, token);
  if (!first) return { kind: "invalid", reason: "UNKNOWN" };
  const { workspaceId, role } = first;
  // Locks the workspace first, in the same order as the deletion of a workspace.
  await tx.$queryRaw`SELECT 1 FROM "Workspace" WHERE "id" = ${workspaceId}::uuid FOR KEY SHARE`;
  await tx.$queryRaw`SELECT 1 FROM "Invitation" WHERE "id" = ${first.id}::uuid FOR UPDATE`;
  const accepted: Acceptance = { kind: "accepted", workspaceId };
  const membership = { workspaceId, userId: person.id };
  if (await tx.membership.count({ where: membership })) return accepted;
  const fault = findFault(await find(deps, tx, token), person.email);
  if (fault) return { kind: "invalid", reason: fault };
  // If the user has just joined with another link, this invitation stays valid.
  const { count } = await tx.membership.createMany({
    data: [{ ...membership, role }],
    skipDuplicates: true,
  });
  if (count === 0) return accepted;
  await tx.$executeRaw`
    UPDATE "Invitation" SET "acceptedAt" = clock_timestamp(), "endsAt" = clock_timestamp(), "acceptedById" = ${person.id}::uuid
    WHERE "id" = ${first.id}::uuid`;
  await deps.appendMemberEvent(tx, {
    workspaceId,
    actorId: person.id,
    userId: person.id,
    change: "JOINED",
    role,
  });
  return accepted;
}
