/** What Gatehouse writes to people. Names come from people too: nothing of them becomes a line of its own. */
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
    // Without the names, which users choose: nobody sends a text of their own to a stranger as a subject.
    subject: "You are invited to a workspace in Gatehouse",
    text: `${inviter} invites you to join the workspace ${workspace} in Gatehouse. The link holds for seven days and once:

${invitation.link}

If you did not expect this, do nothing.
`,
  };
}

export function writePasswordReset(email: string, link: string): Mail {
  return {
    to: email,
    subject: "Choose a new password for Gatehouse",
    text: `Somebody, hopefully you, asked for a new password for ${email}. The link holds for an hour and once:

${link}

If it was not you, do nothing: your password stays as it is.
`,
  };
}

export function writeSignUpNotice(email: string, publicUrl: string): Mail {
  return {
    to: email,
    subject: "Someone tried to sign up for Gatehouse with your address",
    text: `Someone, perhaps you, tried to create an account for ${email}, which has an account already. Nothing was changed.

If it was you, sign in, or choose a new password there:

${publicUrl}/sign-in

If it was not you, you can ignore this message.
`,
  };
}
