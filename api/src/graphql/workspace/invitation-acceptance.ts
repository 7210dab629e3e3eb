import type {
  InvitationFault,
  InvitationPreview,
} from "#services/workspace/invitation-acceptance.ts";
import { builder } from "../builder.ts";
import { UserError } from "../shared.ts";
import { WorkspaceRole } from "./role.ts";
import { Workspace } from "./workspace.ts";

const InvitationFaultType = builder.enumType("InvitationFault", {
  description: "Why a link lets nobody in, or not the caller.",
  values: {
    EXPIRED: { description: "Seven days are over." },
    USED: { description: "Somebody has joined with it." },
    REVOKED: {
      description: "It was taken back, or whoever made it has lost the role that it took.",
    },
    UNKNOWN: { description: "There is no such invitation, or no more." },
    OTHER_ACCOUNT: { description: "It is for another email address than the caller's." },
  } as const,
});

const messages: Record<InvitationFault, string> = {
  EXPIRED: "This invitation has expired. Ask for a new one.",
  USED: "This invitation was used already. Ask for a new one.",
  REVOKED: "This invitation was taken back. Ask for a new one.",
  UNKNOWN: "There is no such invitation. Check that the link is whole.",
  OTHER_ACCOUNT: "This invitation is for another email address. Sign in with that account.",
};

const Preview = builder.objectRef<InvitationPreview>("InvitationPreview").implement({
  description: "What whoever holds a link learns of it, before they accept.",
  fields: (t) => ({
    fault: t.expose("fault", {
      type: InvitationFaultType,
      nullable: true,
      description:
        "Why it does not let the caller in; null while it does. OTHER_ACCOUNT is told to those who are signed in.",
    }),
    isMember: t.exposeBoolean("isMember", {
      description: "The caller is in the workspace already.",
    }),
    workspaceName: t.exposeString("workspaceName", {
      nullable: true,
      description: "Where to; null for UNKNOWN.",
    }),
    role: t.expose("role", {
      type: WorkspaceRole,
      nullable: true,
      description: "What they become; null for UNKNOWN.",
    }),
    invitedBy: t.exposeString("invitedBy", {
      nullable: true,
      description: "The name of who invites; null for UNKNOWN, and once the user is gone.",
    }),
    reservedFor: t.exposeString("reservedFor", {
      nullable: true,
      description:
        "The one address that may accept, shortened to what its owner recognises; null: whoever has the link.",
    }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "Until when it holds; null for UNKNOWN.",
    }),
  }),
});

interface Accepted {
  __typename: "InvitationAccepted";
  workspaceId: string;
}

interface Invalid {
  __typename: "InvitationInvalid";
  message: string;
  reason: InvitationFault;
}

const InvitationAccepted = builder.objectRef<Accepted>("InvitationAccepted").implement({
  description: "The caller is a member now, or was one already.",
  fields: (t) => ({
    workspace: t.prismaField({
      type: Workspace,
      description: "Where they are in.",
      resolve: (query, { workspaceId }, _args, { db }) =>
        db.workspace.findUniqueOrThrow({ ...query, where: { id: workspaceId } }),
    }),
  }),
});

const InvitationInvalid = builder.objectRef<Invalid>("InvitationInvalid").implement({
  description: "The link does not let the caller in.",
  interfaces: [UserError],
  fields: (t) => ({
    reason: t.expose("reason", { type: InvitationFaultType, description: "Why." }),
  }),
});

const AcceptInvitationResult = builder.unionType("AcceptInvitationResult", {
  description: "What became of an acceptance.",
  types: [InvitationAccepted, InvitationInvalid],
  resolveType: ({ __typename }) => __typename,
});

const token = {
  required: true,
  description: "The last part of the link's path.",
} as const;

builder.queryField("invitation", (t) =>
  t.field({
    type: Preview,
    description:
      "What a link invites to, for whoever holds it, signed in or not. Of one shape, whatever there is to tell; rate-limited.",
    args: { token: t.arg.string(token) },
    resolve: (_root, args, { caller, address, services }) =>
      services.invitations.preview(caller, args.token, address),
  }),
);

builder.mutationField("acceptInvitation", (t) =>
  t.field({
    type: AcceptInvitationResult,
    description:
      "Makes the caller a member, once for each link; a member already stays what they are, and the link stays whole. Rate-limited; not for API tokens.",
    args: { token: t.arg.string(token) },
    resolve: async (_root, args, { caller, services }): Promise<Accepted | Invalid> => {
      const answer = await services.invitations.accept(caller, args.token);
      if (answer.kind === "accepted")
        return { __typename: "InvitationAccepted", workspaceId: answer.workspaceId };
      const { reason } = answer;
      return { __typename: "InvitationInvalid", reason, message: messages[reason] };
    },
  }),
);
