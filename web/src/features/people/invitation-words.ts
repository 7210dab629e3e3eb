import type { InvitationFault } from "../../graphql/generated/graphql.ts";

/** Why a link lets nobody in, and what to do then. */
export const faultWords: Record<InvitationFault, { title: string; detail: string }> = {
  EXPIRED: {
    title: "This invitation has expired",
    detail: "An invitation holds for seven days.",
  },
  USED: {
    title: "This invitation was used already",
    detail: "Each link lets one person in.",
  },
  REVOKED: {
    title: "This invitation was taken back",
    detail: "It does not let anybody in any more.",
  },
  UNKNOWN: {
    title: "There is no such invitation",
    detail: "A part of the link may be missing: open it again from where you found it.",
  },
  OTHER_ACCOUNT: {
    title: "This invitation is for another account",
    detail: "Sign in with the account that it was made for.",
  },
};

/** Whom to ask for a new link. */
export function adviseToAsk(invitedBy: string | null, workspaceName: string | null): string {
  if (!workspaceName) return "Ask whoever sent it to you for a new one.";
  return `Ask ${invitedBy ?? "an admin"} for a new link to ${workspaceName}.`;
}
