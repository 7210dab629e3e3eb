import type { Transaction } from "@gatehouse/prisma";
import { appendEvent } from "#events/log.ts";
import type { Platform } from "#platform.ts";
import type { Stores } from "#storage/stores.ts";
import type { AccessServices } from "../access/access-services.ts";
import { createRateLimiter } from "../access/rate-limit.ts";
import type { GrantServices } from "../grant/grant-services.ts";
import { createApiTokens } from "./api-tokens.ts";
import { createInvitationAcceptance } from "./invitation-acceptance.ts";
import { createInvitations, type InvitationsDeps } from "./invitations.ts";
import { writeInvitation } from "./mail-templates.ts";
import { createMemberRoles } from "./member-roles.ts";
import { createMembers, type MemberEvent } from "./members.ts";
import { createWorkspaceDeletion } from "./workspace-deletion.ts";
import { createWorkspaces } from "./workspaces.ts";

export type WorkspaceServices = ReturnType<typeof createWorkspaceServices>;

export function createWorkspaceServices(
  platform: Platform,
  stores: Stores,
  { access, attemptLimits, mailLimits, revocation }: AccessServices & GrantServices,
) {
  const { db, changes, crypto } = platform;
  const { quotas } = platform.config;
  const shared = { db, access, quotas, changes, appendEvent, appendMemberEvent };
  const leaving = { ...shared, flows: stores.flows, grants: stores.grants, revocation };
  const workspaces = createWorkspaces(shared);
  const invitationAcceptance = createInvitationAcceptance({
    ...shared,
    hash: crypto.sha256,
    limitAddress: attemptLimits.invitationFrom,
    limiter: createRateLimiter(db, { name: "invitation", burst: 30, perMinute: 30 }),
  });
  const linkTo = (token: string) => `${platform.config.publicUrl}/invite/${token}`;
  const invitations = createInvitations({
    ...shared,
    mailLimits: platform.mailer && mailLimits,
    newId: platform.newId,
    makeToken: crypto.randomToken,
    hash: crypto.sha256,
    sendLink: mailInvitations(platform, linkTo),
  });
  return {
    workspaces,
    workspaceDeletion: createWorkspaceDeletion({
      ...leaving,
      workspaces,
      registrations: stores.registrations,
    }),
    members: createMembers(leaving),
    memberRoles: createMemberRoles(shared),
    invitationAcceptance,
    invitations: { ...invitations, ...invitationAcceptance, linkTo },
    apiTokens: createApiTokens({
      ...shared,
      ...crypto.apiTokens,
      background: platform.background,
    }),
  };
}

function mailInvitations(
  { db, sendMail }: Platform,
  linkTo: (token: string) => string,
): InvitationsDeps["sendLink"] {
  return (email, token, { inviterId, workspaceId }) =>
    sendMail("mailing of an invitation", async () => {
      const [inviter, workspace] = await Promise.all([
        db.user.findUniqueOrThrow({ where: { id: inviterId } }),
        db.workspace.findUniqueOrThrow({ where: { id: workspaceId } }),
      ]);
      const names = { inviter: inviter.name, workspace: workspace.name };
      return writeInvitation({ email, ...names, link: linkTo(token) });
    });
}

function appendMemberEvent(tx: Transaction, { userId, change, role, ...event }: MemberEvent) {
  return appendEvent(tx, {
    ...event,
    type: "MEMBER_CHANGED",
    serverId: null,
    userId: null,
    payload: { userId, change, ...(role && { role }) },
  });
}
