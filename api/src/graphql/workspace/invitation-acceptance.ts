import type {
  InvitationFault,
  InvitationPreview,
} from "#services/workspace/invitation-acceptance.ts";
import { builder } from "../builder.ts";
import { UserError } from "../shared.ts";
import { WorkspaceRole } from "./role.ts";
import { Workspace } from "./workspace.ts";

const InvitationFaultType = builder.enumType("InvitationFault", {
  description: "The reasons that an invitation cannot be accepted by the caller.",
  values: {
    EXPIRED: { description: "The invitation expired after seven days." },
    USED: { description: "The invitation has already been accepted." },
    REVOKED: {
      description:
        "The invitation was revoked, or its creator no longer has the role that is required to create it.",
    },
    UNKNOWN: { description: "The invitation does not exist or has been deleted." },
    OTHER_ACCOUNT: {
      description: "The invitation is limited to an email address other than the caller's.",
    },
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
  description: "The information about an invitation that is available to anyone who has its link.",
  fields: (t) => ({
    fault: t.expose("fault", {
      type: InvitationFaultType,
      nullable: true,
      description:
        "The reason that the caller cannot accept the invitation. Null if the caller can accept it. OTHER_ACCOUNT is returned only to signed-in callers.",
    }),
    isMember: t.exposeBoolean("isMember", {
      description: "Whether the caller is already a member of the workspace.",
    }),
    workspaceName: t.exposeString("workspaceName", {
      nullable: true,
      description: "The name of the workspace. Null if the fault is UNKNOWN.",
    }),
    role: t.expose("role", {
      type: WorkspaceRole,
      nullable: true,
      description: "The role that the new member receives. Null if the fault is UNKNOWN.",
    }),
    invitedBy: t.exposeString("invitedBy", {
      nullable: true,
      description:
        "The name of the user that created the invitation. Null if the fault is UNKNOWN or the user has been deleted.",
    }),
    reservedFor: t.exposeString("reservedFor", {
      nullable: true,
      description:
        "The only email address that can accept the invitation, shortened so that only its owner recognizes it. Null if anyone who has the link can accept it.",
    }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "The time at which the invitation expires. Null if the fault is UNKNOWN.",
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
  description: "The caller is a member of the workspace, either newly or already before.",
  fields: (t) => ({
    workspace: t.prismaField({
      type: Workspace,
      description: "The workspace that the caller is a member of.",
      resolve: (query, { workspaceId }, _args, { db }) =>
        db.workspace.findUniqueOrThrow({ ...query, where: { id: workspaceId } }),
    }),
  }),
});

const InvitationInvalid = builder.objectRef<Invalid>("InvitationInvalid").implement({
  description: "The invitation cannot be accepted by the caller.",
  interfaces: [UserError],
  fields: (t) => ({
    reason: t.expose("reason", {
      type: InvitationFaultType,
      description: "The reason that the invitation cannot be accepted.",
    }),
  }),
});

const AcceptInvitationResult = builder.unionType("AcceptInvitationResult", {
  description: "The result of accepting an invitation.",
  types: [InvitationAccepted, InvitationInvalid],
  resolveType: ({ __typename }) => __typename,
});

const token = {
  required: true,
  description: "The token from the link of the invitation: the last segment of its path.",
} as const;

builder.queryField("invitation", (t) =>
  t.field({
    type: Preview,
    description:
      "Information about an invitation, for anyone who has its link, signed in or not. All fields are always present, so that an invalid link reveals nothing. Rate-limited.",
    args: { token: t.arg.string(token) },
    resolve: (_root, args, { caller, address, services }) =>
      services.invitations.preview(caller, args.token, address),
  }),
);

builder.mutationField("acceptInvitation", (t) =>
  t.field({
    type: AcceptInvitationResult,
    description:
      "Makes the caller a member of the invitation's workspace. Each invitation can be accepted once. An existing member keeps their role, and the invitation remains valid. Rate-limited; not available to API tokens.",
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
