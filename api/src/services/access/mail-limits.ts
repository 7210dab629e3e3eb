import type { Database } from "@gatehouse/prisma";
import { ServiceError } from "./service-error.ts";
import { createRateLimiter } from "./rate-limit.ts";

/**
 * Limits the number of emails that users can cause, by recipient, sender and workspace, across all
 * processes.
 */
export interface MailLimits {
  /** @throws ServiceError RATE_LIMITED with `retryAfterMs` */
  requireInvitation(mail: { to: string; senderId: string; workspaceId: string }): Promise<void>;
  /** False if this address has received the maximum number of emails, regardless of who requested them. */
  allowsPasswordReset(to: string): Promise<boolean>;
}

const perDay = (count: number) => ({ burst: count, perMinute: count / (24 * 60) });

export function createMailLimits(db: Database): MailLimits {
  const limiters = {
    recipient: createRateLimiter(db, { name: "mail-to", ...perDay(5) }),
    sender: createRateLimiter(db, { name: "mail-from", ...perDay(100) }),
    workspace: createRateLimiter(db, { name: "mail-of", ...perDay(300) }),
  };
  const resets = createRateLimiter(db, { name: "reset-mail-to", burst: 5, perMinute: 5 / 60 });

  return {
    async requireInvitation({ to, senderId, workspaceId }) {
      // The limit of the sender is checked first, so that a rejected sender does not use up the
      // limit of a recipient.
      const waits = [
        ["You have", () => limiters.sender.take(senderId)],
        ["This workspace has", () => limiters.workspace.take(workspaceId)],
        [`${to} has`, () => limiters.recipient.take(to)],
      ] as const;
      for (const [subject, take] of waits) {
        const retryAfterMs = await take();
        if (retryAfterMs === null) continue;
        const verb = subject === `${to} has` ? "received" : "sent";
        throw new ServiceError(
          "RATE_LIMITED",
          `${subject} ${verb} as many invitations by email as are allowed in a day. Create an invitation without an email address and share its link, or try again later.`,
          { retryAfterMs },
        );
      }
    },
    allowsPasswordReset: async (to) => (await resets.take(to)) === null,
  };
}
