import { describe, expect, it } from "vitest";
import { buildAuthorizationRequest } from "./authorization-request.ts";
import { guessAuthorizationServer } from "./authorization-server.ts";

async function build(
  options: { endpoint?: string; scopes?: string[]; resource?: string | null } = {},
) {
  const { endpoint = "https://as.example/authorize", scopes = [], resource = null } = options;
  let random = 0;
  const request = await buildAuthorizationRequest({
    authorizationServer: {
      ...guessAuthorizationServer("https://as.example"),
      authorizationEndpoint: endpoint,
    },
    clientId: "client & co",
    redirectUri: "http://localhost:4000/oauth/callback",
    scopes,
    resource,
    randomToken: () => `random-${++random}`,
  });
  return { ...request, parsed: new URL(request.url) };
}

describe("buildAuthorizationRequest", () => {
  it("MCP-AUTH-10 MCP-AUTH-16 sends the code flow with state and PKCE S256", async () => {
    const { parsed, state, codeVerifier } = await build();
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(codeVerifier));
    expect(Object.fromEntries(parsed.searchParams)).toEqual({
      response_type: "code",
      client_id: "client & co",
      code_challenge: Buffer.from(digest).toString("base64url"),
      code_challenge_method: "S256",
      redirect_uri: "http://localhost:4000/oauth/callback",
      state: "random-1",
    });
    expect(state).toBe("random-1");
    expect(codeVerifier).toMatch(/^[A-Za-z0-9\-._~]{43,128}$/);
  });

  it("never uses a verifier twice", async () => {
    expect((await build()).codeVerifier).not.toBe((await build()).codeVerifier);
  });

  it("MCP-AUTH-11 sends the resource byte for byte", async () => {
    for (const resource of [
      "https://mcp.example",
      "https://MCP.example:443/a%7e/",
      "https://m.example/",
    ]) {
      expect((await build({ resource })).parsed.searchParams.get("resource")).toBe(resource);
    }
  });

  it("MCP-AUTH-12 sends scopes, or no scope at all", async () => {
    expect((await build({ scopes: ["a", "b"] })).parsed.searchParams.get("scope")).toBe("a b");
    expect((await build()).parsed.searchParams.has("scope")).toBe(false);
  });

  it("MCP-AUTH-13 asks for consent with offline_access, and only then", async () => {
    const offline = await build({ scopes: ["a", "offline_access"] });
    expect(offline.parsed.searchParams.get("prompt")).toBe("consent");
    expect((await build({ scopes: ["a"] })).parsed.searchParams.has("prompt")).toBe(false);
  });

  it("keeps the endpoint's own query", async () => {
    const { parsed } = await build({
      endpoint: "https://as.example/authorize?tenant=a%20b&state=x",
    });
    expect(parsed.searchParams.get("tenant")).toBe("a b");
    expect(parsed.searchParams.getAll("state")).toEqual(["random-1"]);
  });

  it.each(["javascript:alert(1)", "data:text/html,x", "http://as.example/authorize"])(
    "MCP-AUTH-20 G5 %s is no address for a person's browser",
    async (endpoint) => {
      await expect(build({ endpoint })).rejects.toThrow(TypeError);
    },
  );
});
