import { NIL } from "uuid";
import type { Changes } from "#events/changes.ts";
import type { Database, Invitation, Prisma, Transaction, WorkspaceRole } from "@gatehouse/prisma";
import type { NewEvent } from "#events/log.ts";
import {
  type Access,
  type Caller,
  isAllowed,
  requirePerson,
  rolesAllowed,
  visibleTo,
} from "../access/access.ts";
import { InputFaults, notFound, ServiceError } from "../access/service-error.ts";
import type { MailLimits } from "../access/mail-limits.ts";
import type { Quotas } from "#config/limits.ts";
import { requireQuota } from "../access/quotas.ts";

export interface CreateInvitationInput {
  workspaceId: string;
  /** The only email address that may accept the invitation; null: any user with the link may. */
  email: string | null;
  role: WorkspaceRole;
}

/**
 * Invitation links to a workspace. Only signed-in users can create, list or revoke them; API tokens
 * cannot.
 */
export interface Invitations {
  /**
   * The token is returned only once; only its hash is stored. Requires ADMIN, and OWNER to invite
   * an owner.
   */
  create(
    caller: Caller | null,
    input: CreateInvitationInput,
  ): Promise<{ invitation: Invitation; token: string }>;
  /** Requires ADMIN. Has no effect on an invitation that was used, revoked or has expired. */
  revoke(caller: Caller | null, id: string): Promise<Invitation>;
}

export interface InvitationsDeps {
  db: Database;
  quotas: Pick<Quotas, "openInvitationsPerWorkspace">;
  /** Null: Gatehouse sends no email. */
  mailLimits: Pick<MailLimits, "requireInvitation"> | null;
  access: Access;
  newId(): string;
  makeToken(): string;
  hash(text: string): Uint8Array<ArrayBuffer>;
  /** Must be the last statement of the transaction that makes the change. */
  appendEvent(tx: Transaction, event: NewEvent): Promise<void>;
  changes: Pick<Changes, "workspace">;
  /** Sends the link by email in the background, if Gatehouse can send email. */
  sendLink(email: string, token: string, from: { inviterId: string; workspaceId: string }): void;
}

const lifetimeDays = 7;
const emailForm = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/;

/**
 * Whether the giver may assign or invite to the role. Only an owner may do this for the owner role.
 */
export function mayGive(giver: WorkspaceRole, role: WorkspaceRole): boolean {
  return isAllowed(giver, role === "OWNER" ? "own" : "administer");
}

/**
 * The Prisma condition for the invitations that a caller may see: those of workspaces that they
 * administer.
 */
export function invitationsVisibleTo(caller: Caller | null) {
  const person = caller?.apiToken ? null : caller;
  const userId = person?.userId ?? NIL;
  const administered = {
    memberships: { some: { userId, role: { in: rolesAllowed("administer") } } },
  };
  return {
    workspace: { AND: [visibleTo(person), administered] },
  } satisfies Prisma.InvitationWhereInput;
}

/**
 * Revokes the invitations that a user created and may no longer create; otherwise an old link could
 * bring the user back. Must be called in the transaction that changes the role, after the
 * membership was locked.
 * @param role the new role of the user; null: no longer a member
 */
export async function endInvitationsOf(
  tx: Transaction,
  { workspaceId, userId }: { workspaceId: string; userId: string },
  role: WorkspaceRole | null,
): Promise<void> {
  const given = (["OWNER", "ADMIN", "MEMBER", "VIEWER"] as const).filter(
    (one) => role && mayGive(role, one),
  );
  await tx.$executeRaw`
    UPDATE "Invitation" SET "revokedAt" = clock_timestamp(), "endsAt" = clock_timestamp()
    WHERE "workspaceId" = ${workspaceId}::uuid AND "createdById" = ${userId}::uuid AND "endsAt" > clock_timestamp()
      AND "role"::text <> ALL (${given}::text[])`;
}

/** @returns the address in lower case; null if none was entered */
function readEmail(faults: InputFaults, value: string | null): string | null {
  const email = value?.trim().toLowerCase();
  if (!email) return null;
  if (email.length > 254 || !emailForm.test(email))
    faults.add(
      "email",
      "Enter an email address, such as ada@example.com, or omit it to allow any address.",
    );
  return email;
}

export function createInvitations(deps: InvitationsDeps): Invitations {
  const { db, access } = deps;

  const tell = (
    tx: Transaction,
    { id, workspaceId }: Invitation,
    caller: Caller,
    change: "CREATED" | "REVOKED",
  ): Promise<void> =>
    deps.appendEvent(tx, {
      workspaceId,
      type: "INVITATION_CHANGED",
      actorId: caller.userId,
      serverId: null,
      userId: null,
      payload: { invitationId: id, change },
    });

  async function refuseMembers(tx: Transaction, workspaceId: string, email: string): Promise<void> {
    const [member] = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM "Membership" m JOIN "User" u ON u."id" = m."userId"
      WHERE m."workspaceId" = ${workspaceId}::uuid AND lower(u."email") = ${email}`;
    if (member) throw new ServiceError("CONFLICT", `${email} is already a member.`);
  }

  async function countOpen(tx: Transaction, workspaceId: string): Promise<number> {
    const [open] = await tx.$queryRaw<{ count: number }[]>`
      SELECT count(*)::int AS "count" FROM "Invitation"
      WHERE "workspaceId" = ${workspaceId}::uuid AND "endsAt" > clock_timestamp()`;
    return open?.count ?? 0;
  }

  return {
    async create(maybeCaller, { workspaceId, ...input }) {
      const caller = requirePerson(maybeCaller);
      await access.requireWorkspace(caller, workspaceId, "administer");
      const faults = new InputFaults();
      const email = readEmail(faults, input.email);
      faults.throwIfAny();
      if (email)
        await deps.mailLimits?.requireInvitation({
          to: email,
          senderId: caller.userId,
          workspaceId,
        });
      const [id, token] = [deps.newId(), deps.makeToken()];
      const invitation = await db.$transaction(async (tx) => {
        // A transaction that takes this role away waits for this one, and then revokes the
        // invitation.
        const [giver] = await tx.$queryRaw<{ role: WorkspaceRole }[]>`
          SELECT "role"::text AS "role" FROM "Membership"
          WHERE "workspaceId" = ${workspaceId}::uuid AND "userId" = ${caller.userId}::uuid FOR SHARE`;
        if (!giver || !mayGive(giver.role, input.role))
          throw new ServiceError(
            "FORBIDDEN",
            input.role === "OWNER"
              ? "Only an owner can invite an owner."
              : "Your role no longer allows this.",
          );
        if (email) await refuseMembers(tx, workspaceId, email);
        await requireQuota(
          tx,
          {
            quota: "openInvitationsPerWorkspace",
            limit: deps.quotas.openInvitationsPerWorkspace,
            ownerId: workspaceId,
          },
          () => countOpen(tx, workspaceId),
          `This workspace has ${deps.quotas.openInvitationsPerWorkspace} open invitations, which is the limit. Revoke one that is no longer needed.`,
        );
        await tx.$executeRaw`
          INSERT INTO "Invitation" ("id", "email", "role", "tokenHash", "createdAt", "expiresAt", "endsAt", "workspaceId", "createdById")
          SELECT ${id}::uuid, ${email}, ${input.role}::"WorkspaceRole", ${deps.hash(token)}, t."now", t."end", t."end",
            ${workspaceId}::uuid, ${caller.userId}::uuid
          FROM (SELECT clock_timestamp() AS "now", clock_timestamp() + make_interval(days => ${lifetimeDays}::int) AS "end") t`;
        const created = await tx.invitation.findUniqueOrThrow({ where: { id } });
        await tell(tx, created, caller, "CREATED");
        return created;
      });
      deps.changes.workspace(workspaceId);
      if (invitation.email !== null)
        deps.sendLink(invitation.email, token, { inviterId: caller.userId, workspaceId });
      return { invitation, token };
    },

    async revoke(maybeCaller, id) {
      const caller = requirePerson(maybeCaller);
      const visible = { id, ...invitationsVisibleTo(caller) };
      if (!(await db.invitation.findFirst({ where: visible }))) throw notFound("invitation");
      const invitation = await db.$transaction(async (tx) => {
        const revoked = await tx.$executeRaw`
          UPDATE "Invitation" SET "revokedAt" = clock_timestamp(), "endsAt" = clock_timestamp()
          WHERE "id" = ${id}::uuid AND "endsAt" > clock_timestamp()`;
        const row = await tx.invitation.findUniqueOrThrow({ where: { id } });
        if (revoked > 0) await tell(tx, row, caller, "REVOKED");
        return row;
      });
      deps.changes.workspace(invitation.workspaceId);
      return invitation;
    },
  };
}
