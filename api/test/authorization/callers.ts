import type { TestGatehouse } from "../support/gatehouse.ts";
import { rowIdOf, type TestUser } from "../support/client.ts";

/** The columns of the table, in order. */
export const callerNames = [
  "nobody",
  "expired",
  "stranger",
  "elsewhere",
  "removed",
  "viewer",
  "member",
  "admin",
  "owner",
  "READ",
  "EXECUTE",
  "MANAGE",
] as const;
export type CallerName = (typeof callerNames)[number];

/** Somebody who asks: as whom, and by what credential. */
export interface MatrixCaller {
  name: CallerName;
  /** The row's id of the user; a random one's for nobody. */
  userId: string;
  headers: Record<string, string>;
}

export interface People {
  callers: MatrixCaller[];
  owner: TestUser;
  admin: TestUser;
  member: TestUser;
  viewer: TestUser;
  stranger: TestUser;
  idOf(user: TestUser): string;
}

const nil = "00000000-0000-7000-8000-000000000000";
const createToken =
  "mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }";

/** Everybody whom the table knows: API tokens are the owner's, `elsewhere` one of theirs for another workspace of theirs. */
export async function gatherPeople(gatehouse: TestGatehouse): Promise<People> {
  const { db } = gatehouse;
  const [owner, admin, member, viewer, removed, stranger] = await Promise.all(
    ["owner", "admin", "member", "viewer", "removed", "stranger"].map((name) =>
      gatehouse.signUp(name),
    ),
  );
  if (!owner || !admin || !member || !viewer || !removed || !stranger) throw new Error("nobody");
  const ids = new Map<string, string>();
  for (const { id, email } of await db.user.findMany()) ids.set(email, id);
  const idOf = ({ email }: TestUser) => ids.get(email.toLowerCase()) ?? "";
  const workspaceId = rowIdOf(owner.workspaceId);
  const join = (user: TestUser, role: "ADMIN" | "MEMBER" | "VIEWER") =>
    db.membership.create({ data: { workspaceId, userId: idOf(user), role } });
  await join(admin, "ADMIN");
  await join(member, "MEMBER");
  await join(viewer, "VIEWER");
  await join(removed, "MEMBER");
  // They were here, and are remembered as such, when they go.
  await removed.query("query ($id: ID!) { node(id: $id) { id } }", { id: owner.workspaceId });
  await owner.query(
    "mutation ($input: RemoveWorkspaceMemberInput!) { removeWorkspaceMember(input: $input) { id } }",
    {
      input: {
        workspaceId: owner.workspaceId,
        userId: Buffer.from(`User:${idOf(removed)}`).toString("base64url"),
      },
    },
  );
  const { createWorkspace } = await owner.query(
    'mutation { createWorkspace(input: { name: "Other" }) { id } }',
  );
  const tokenOf = async (scope: string, workspace = owner.workspaceId) => {
    const input = { workspaceId: workspace, name: scope, scope };
    const { createApiToken } = await owner.query(createToken, { input });
    return { authorization: `Bearer ${createApiToken.secret}` };
  };
  const cookieOf = (user: TestUser) => ({
    userId: idOf(user),
    headers: { cookie: user.cookie },
  });
  const byName: Record<CallerName, Omit<MatrixCaller, "name">> = {
    nobody: { userId: nil, headers: {} },
    expired: await signInAndExpire(gatehouse, owner, idOf(owner)),
    stranger: cookieOf(stranger),
    elsewhere: {
      userId: idOf(owner),
      headers: await tokenOf("MANAGE", createWorkspace.id),
    },
    removed: cookieOf(removed),
    viewer: cookieOf(viewer),
    member: cookieOf(member),
    admin: cookieOf(admin),
    owner: cookieOf(owner),
    READ: { userId: idOf(owner), headers: await tokenOf("READ") },
    EXECUTE: { userId: idOf(owner), headers: await tokenOf("EXECUTE") },
    MANAGE: { userId: idOf(owner), headers: await tokenOf("MANAGE") },
  };
  const callers = callerNames.map((name) => ({ name, ...byName[name] }));
  return { callers, owner, admin, member, viewer, stranger, idOf };
}

/** A second session of the owner's, which ran out before it was used. */
async function signInAndExpire({ url, db }: TestGatehouse, { email }: TestUser, userId: string) {
  const before = await db.session.findMany({ where: { userId }, select: { id: true } });
  const response = await fetch(`${url}/api/auth/sign-in/email`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password: "correct horse battery staple" }),
  });
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
  const known = before.map(({ id }) => id);
  const expired = await db.session.updateMany({
    where: { userId, id: { notIn: known } },
    data: { expiresAt: new Date(Date.now() - 1_000) },
  });
  if (expired.count !== 1) throw new Error("no session of its own");
  return { userId, headers: { cookie } };
}
