/** The list of well-known servers, as an integrator's client reads it. */
import { describe, expect } from "vitest";
import { knownServers } from "#services/discovery/known-servers.ts";
import { it } from "./support/shared-gatehouse.ts";

const query = `query ($search: String, $after: String) {
  knownServers(search: $search, first: 25, after: $after) {
    totalCount
    nodes { name url authType clientRegistrations scopes keyHeader { name scheme } quirks notes unverified documentationUrl purpose }
    pageInfo { hasNextPage endCursor }
  }
}`;

describe("knownServers", () => {
  it("returns every server once, page by page", async ({ ada }) => {
    const names: string[] = [];
    let after: string | null = null;
    for (let page = 0; page < knownServers.length; page += 1) {
      const { knownServers: found } = await ada.query(query, { after });
      expect(found.totalCount).toBe(knownServers.length);
      names.push(...found.nodes.map(({ name }: { name: string }) => name));
      if (!found.pageInfo.hasNextPage) break;
      after = found.pageInfo.endCursor;
    }
    expect(names).toEqual(knownServers.map(({ name }) => name));
  });

  it("finds a server by a part of its host, with all facts", async ({ ada }) => {
    const { knownServers: found } = await ada.query(query, { search: "api.githubcopilot" });
    expect(found.nodes).toMatchObject([
      {
        name: "GitHub",
        url: "https://api.githubcopilot.com/mcp/",
        authType: "OAUTH",
        clientRegistrations: ["PRE_REGISTERED"],
        keyHeader: { name: "Authorization", scheme: "Bearer" },
        unverified: null,
      },
    ]);
    expect(found.nodes[0].quirks).toContain("comma-scopes");
  });
});
