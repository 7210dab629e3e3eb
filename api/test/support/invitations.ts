import type { TestUser } from "./client.ts";

export type Role = "OWNER" | "ADMIN" | "MEMBER" | "VIEWER";

/** What came of it: a code of an error, or the answer. */
export async function tryQuery(user: TestUser, query: string, variables: object) {
  const { data, errors } = await user.graphql(query, variables);
  return errors
    ? { code: String(errors[0]?.extensions["code"]), data: null }
    : { code: "ok", data };
}

/** Into the inviter's workspace, or another. */
export function invite(by: TestUser, input: object = {}) {
  return tryQuery(
    by,
    `mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) {
      url invitation { id email role state expiresAt createdBy { name } }
    } }`,
    { input: { workspaceId: by.workspaceId, role: "MEMBER", ...input } },
  );
}

function readToken(url: string): string {
  return new URL(url).pathname.split("/").at(-1) ?? "";
}

/** The link's token and the invitation's id. */
export async function makeInvitation(by: TestUser, input: object = {}) {
  const { code, data } = await invite(by, input);
  if (code !== "ok") throw new Error(code);
  const { url, invitation } = data.createInvitation;
  return { token: readToken(url), id: String(invitation.id), url: String(url) };
}

/** The reason why not, `ok`, or a code of an error. */
export async function accept(user: TestUser, token: string): Promise<string> {
  const { code, data } = await tryQuery(
    user,
    `mutation ($token: String!) { acceptInvitation(token: $token) {
      __typename ... on InvitationAccepted { workspace { id } } ... on InvitationInvalid { reason message }
    } }`,
    { token },
  );
  return code === "ok" ? (data.acceptInvitation.reason ?? "ok") : code;
}

export async function changeRole(
  by: TestUser,
  workspaceId: string,
  userId: string,
  role: Role,
): Promise<string> {
  const { code } = await tryQuery(
    by,
    "mutation ($input: ChangeMemberRoleInput!) { changeMemberRole(input: $input) { role } }",
    {
      input: {
        workspaceId,
        userId: Buffer.from(`User:${userId}`).toString("base64url"),
        role,
      },
    },
  );
  return code;
}
