/**
 * The emails that Gatehouse sends. Names are entered by users, so they must not be able to add
 * lines of their own.
 */
import type { Mail } from "#mail/mailer.ts";

const onOneLine = (text: string) => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();

export function writeInvitation(invitation: {
  email: string;
  inviter: string;
  workspace: string;
  link: string;
}): Mail {
  const [inviter, workspace] = [invitation.inviter, invitation.workspace].map(onOneLine);
  return {
    to: invitation.email,
    // The subject contains no names: users choose them, and could otherwise send their own text to
    // strangers.
    subject: "You are invited to a workspace in Gatehouse",
    text: `${inviter} invites you to join the workspace ${workspace} in Gatehouse. The link is valid once, for seven days:

${invitation.link}

If you did not expect this, ignore this message.
`,
  };
}

export function writePasswordReset(email: string, link: string): Mail {
  return {
    to: email,
    subject: "Choose a new password for Gatehouse",
    text: `Someone, hopefully you, requested a new password for ${email}. The link is valid once, for one hour:

${link}

If it was not you, ignore this message. Your password stays the same.
`,
  };
}

export function writeSignUpNotice(email: string, publicUrl: string): Mail {
  return {
    to: email,
    subject: "Someone tried to sign up for Gatehouse with your address",
    text: `Someone, perhaps you, tried to create an account for ${email}, which already has an account. Nothing was changed.

If it was you, sign in, or choose a new password there:

${publicUrl}/sign-in

If it was not you, you can ignore this message.
`,
  };
}
