/** A person with a browser and an integrator's GraphQL client: plain HTTP and a cookie, nothing of Gatehouse's own code. */
import { randomBytes } from "node:crypto";

export interface User {
  workspaceId: string;
  /** Throws when the answer holds errors. */
  // A caller knows the shape of what it asked for.
  // oxlint-disable-next-line typescript/no-explicit-any
  query(document: string, variables?: object): Promise<any>;
  /** Follows redirects by hand; the cookie goes to Gatehouse alone. Answers the address of the last page. */
  browse(address: string): Promise<URL>;
}

/** The longest way: authorize, callback, done. */
const maxRedirects = 10;

/** Somebody new, with a workspace of their own. */
export async function signUp(gatehouseUrl: string): Promise<User> {
  const name = `user${randomBytes(6).toString("hex")}`;
  const response = await fetch(`${gatehouseUrl}/api/auth/sign-up/email`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      name,
      email: `${name}@example.com`,
      password: randomBytes(18).toString("base64url"),
    }),
  });
  if (!response.ok) throw new Error(`sign-up: ${response.status} ${await response.text()}`);
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");

  const query: User["query"] = async (document, variables = {}) => {
    const answer = await fetch(`${gatehouseUrl}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie },
      body: JSON.stringify({ query: document, variables }),
    });
    const { data, errors } = (await answer.json()) as { data: unknown; errors?: unknown[] };
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  };
  const { viewer } = await query("{ viewer { workspaces(first: 1) { nodes { id } } } }");
  return {
    workspaceId: viewer.workspaces.nodes[0].id,
    query,
    async browse(address) {
      let url = new URL(address);
      for (let hop = 0; hop <= maxRedirects; hop += 1) {
        const isOurs = url.origin === new URL(gatehouseUrl).origin;
        const page = await fetch(url, { redirect: "manual", headers: isOurs ? { cookie } : {} });
        await page.body?.cancel();
        const location = page.headers.get("location");
        if (location === null) return url;
        url = new URL(location, url);
      }
      throw new Error(`More than ${maxRedirects} redirects.`);
    },
  };
}
