import { describe, expect, it } from "vitest";
import { guessAuthorizationServer, type AuthorizationServer } from "./authorization-server.ts";
import type { Discovery } from "./discovery.ts";
import { buildMetadataDocument, isMetadataDocumentUrl } from "./metadata-document.ts";
import { chooseRegistration, type PreRegisteredClient } from "./registration.ts";
import { createStepRecorder, type Step } from "./flow-steps.ts";
import { createVirtualTime } from "./testing/virtual-time.ts";

const documentUrl = "https://gatehouse.example/oauth/client-metadata.json";

function choose(
  options: {
    preRegistered?: PreRegisteredClient;
    metadata?: Partial<AuthorizationServer>;
    metadataDocumentUrl?: string | null;
  } = {},
) {
  const issuer = "https://as.example";
  const discovery: Discovery = {
    resource: "https://mcp.example",
    issuer,
    authorizationServers: [issuer],
    profile: null,
    metadata: { ...guessAuthorizationServer(issuer), legacy: false, ...options.metadata },
    scopes: [],
  };
  const steps: Step[] = [];
  const choice = chooseRegistration({
    preRegistered: options.preRegistered ?? null,
    discovery,
    metadataDocumentUrl: options.metadataDocumentUrl ?? null,
    steps: createStepRecorder({ onStep: (step) => steps.push(step), clock: createVirtualTime() }),
  });
  return { choice, steps: steps.map(({ kind, outcome }) => `${kind} ${outcome}`) };
}

describe("chooseRegistration", () => {
  const preRegistered = {
    clientId: "mine",
    clientSecret: "s",
    signingKey: null,
    issuer: "https://as.example",
  };
  const all = { clientIdMetadataDocumentSupported: true };

  it("MCP-AUTH-6 pre-registered comes first", () => {
    expect(choose({ preRegistered, metadata: all, metadataDocumentUrl: documentUrl })).toEqual({
      choice: {
        kind: "PRE_REGISTERED",
        clientId: "mine",
        clientSecret: "s",
        signingKey: null,
        tokenEndpointAuthMethod: "client_secret_basic",
      },
      steps: ["CLIENT_REGISTRATION OK"],
    });
  });

  it("MCP-AUTH-6 then the metadata document", () => {
    expect(choose({ metadata: all, metadataDocumentUrl: documentUrl })).toEqual({
      choice: {
        kind: "CLIENT_ID_METADATA_DOCUMENT",
        clientId: documentUrl,
        clientSecret: null,
        signingKey: null,
        tokenEndpointAuthMethod: "none",
      },
      steps: ["CLIENT_REGISTRATION OK"],
    });
  });

  it("MCP-AUTH-6 then dynamic registration", () => {
    const choice = { kind: "DYNAMIC", registrationEndpoint: "https://as.example/register" };
    expect(choose({ metadataDocumentUrl: documentUrl })).toEqual({ choice, steps: [] });
    expect(choose({ metadata: all })).toEqual({ choice, steps: ["CLIENT_REGISTRATION SKIPPED"] });
  });

  it("MCP-AUTH-7 a metadata document that is not https with a path is not offered", () => {
    for (const url of ["http://gatehouse.example/c.json", "https://gatehouse.example/", "x", ""]) {
      expect(choose({ metadata: all, metadataDocumentUrl: url }).choice.kind).toBe("DYNAMIC");
      expect(isMetadataDocumentUrl(url)).toBe(false);
    }
  });

  it("MCP-AUTH-6 C8 then the person is asked", () => {
    expect(choose({ metadata: { registrationEndpoint: null } })).toEqual({
      choice: { kind: "CLIENT_REQUIRED" },
      steps: ["CLIENT_REGISTRATION FAILED"],
    });
  });

  it("MCP-AUTH-9 a pre-registered client of another issuer is an error, not a fallback", () => {
    for (const issuer of ["https://other.example", "https://as.example/"]) {
      const client = { ...preRegistered, issuer };
      expect(choose({ preRegistered: client })).toEqual({
        choice: { kind: "ISSUER_MISMATCH", pinnedIssuer: issuer, issuer: "https://as.example" },
        steps: ["CLIENT_REGISTRATION FAILED"],
      });
    }
    const unpinned = { ...preRegistered, issuer: null };
    expect(choose({ preRegistered: unpinned }).choice.kind).toBe("PRE_REGISTERED");
  });

  it.each<[string | null, string[] | null, string | null]>([
    ["s", null, "client_secret_basic"],
    ["s", ["client_secret_post", "client_secret_basic"], "client_secret_basic"],
    ["s", ["client_secret_post"], "client_secret_post"],
    ["s", ["none"], "none"],
    ["s", ["private_key_jwt"], null],
    ["s", [], null],
    [null, null, "none"],
    [null, ["client_secret_basic"], "none"],
    [null, ["none"], "none"],
  ])("R16 secret %s, supported %j: %s", (clientSecret, supported, method) => {
    const { choice } = choose({
      preRegistered: { ...preRegistered, clientSecret },
      metadata: { tokenEndpointAuthMethodsSupported: supported },
    });
    if (method === null) {
      expect(choice).toEqual({ kind: "AUTH_METHOD_UNSUPPORTED", supported });
    } else {
      expect(choice).toMatchObject({
        tokenEndpointAuthMethod: method,
        clientSecret: method === "none" ? null : clientSecret,
      });
    }
  });
});

describe("a client with a private key", () => {
  const signingKey = { privateKey: "pem", algorithm: "ES256" };

  it.each<[string | null, string[] | null, string | null]>([
    [null, null, "private_key_jwt"],
    [null, ["client_secret_basic", "private_key_jwt"], "private_key_jwt"],
    ["s", ["client_secret_basic", "private_key_jwt"], "private_key_jwt"],
    ["s", null, "client_secret_basic"],
    ["s", ["client_secret_post"], "client_secret_post"],
    [null, ["none"], "none"],
    [null, ["client_secret_basic"], null],
  ])(
    "R16 and secret %s, supported %j: %s, and nothing else goes with it",
    (clientSecret, supported, method) => {
      const issuer = "https://as.example";
      const { choice } = choose({
        preRegistered: { clientId: "mine", clientSecret, signingKey, issuer },
        metadata: { tokenEndpointAuthMethodsSupported: supported },
      });
      if (method === null) {
        expect(choice).toEqual({ kind: "AUTH_METHOD_UNSUPPORTED", supported });
        return;
      }
      expect(choice).toMatchObject({
        tokenEndpointAuthMethod: method,
        signingKey: method === "private_key_jwt" ? signingKey : null,
        clientSecret: method.startsWith("client_secret") ? clientSecret : null,
      });
    },
  );
});

describe("buildMetadataDocument", () => {
  it("MCP-AUTH-7 names itself, and MCP-AUTH-13 the refresh_token grant", () => {
    const redirectUri = "https://gatehouse.example/oauth/callback";
    const publicUrl = "https://gatehouse.example";
    expect(buildMetadataDocument({ url: documentUrl, publicUrl, redirectUri })).toEqual({
      client_id: documentUrl,
      client_name: "Gatehouse",
      client_uri: publicUrl,
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
      application_type: "web",
    });
  });
});
