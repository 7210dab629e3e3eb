import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { authenticateClient } from "./client-authentication.ts";
import { createAssertionSigner, findSigningKeyFault } from "./client-assertion.ts";
import { makeSigningKey, signTestAssertion } from "./testing/assertion.ts";
import { createVirtualTime } from "./testing/virtual-time.ts";

const issuer = "https://as.example/tenant";

const pem = (key: KeyObject) => String(key.export({ type: "pkcs8", format: "pem" }));
const rsa = pem(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey);
const weakRsa = pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey);
const ed25519 = pem(generateKeyPairSync("ed25519").privateKey);
const p384 = pem(generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey);
const p256 = makeSigningKey().privateKeyPem;

describe("an assertion (RFC 7523 §3)", () => {
  it("is the client's, for the issuer, short-lived and never twice the same", async () => {
    const { privateKeyPem, publicKey } = makeSigningKey();
    const time = createVirtualTime();
    let count = 0;
    const sign = createAssertionSigner({ clock: time, randomToken: () => `jti-${(count += 1)}` });
    const key = { privateKey: privateKeyPem, algorithm: "ES256" };
    await time.advance(5_500);
    const first = await sign("client-1", key, issuer);
    const { payload, protectedHeader } = await jwtVerify(first ?? "", publicKey, {
      currentDate: time.now(),
    });
    const issuedAt = Math.floor(time.now().getTime() / 1000);
    expect(payload).toEqual({
      iss: "client-1",
      sub: "client-1",
      aud: issuer,
      jti: "jti-1",
      iat: issuedAt,
      exp: issuedAt + 60,
    });
    expect(protectedHeader).toMatchObject({ alg: "ES256" });
    expect(await sign("client-1", key, issuer)).not.toBe(first);
  });

  it.each([
    ["RS256", rsa],
    ["PS256", rsa],
    ["PS512", rsa],
    ["EdDSA", ed25519],
    ["ES384", p384],
  ])("is signed with %s by a key of that kind", async (algorithm, privateKey) => {
    const assertion = await signTestAssertion("client-1", { privateKey, algorithm }, issuer);
    const { protectedHeader } = await jwtVerify(assertion ?? "", createPublicKey(privateKey), {
      currentDate: createVirtualTime().now(),
    });
    expect(protectedHeader.alg).toBe(algorithm);
  });
});

describe("findSigningKeyFault", () => {
  it.each([
    ["ES256", p256, null],
    ["ES256", `\n${p256}\n`, null],
    ["ES256", "not a key", "privateKey"],
    ["ES256", p256.slice(0, 80), "privateKey"],
    ["ES256", p384, "privateKey"],
    ["ES256", rsa, "privateKey"],
    ["RS256", p256, "privateKey"],
    ["RS256", weakRsa, "privateKey"],
    ["HS256", p256, "algorithm"],
    ["none", p256, "algorithm"],
    ["ECDH-ES", p256, "algorithm"],
    ["RSA-OAEP", rsa, "algorithm"],
  ])("%s: %#", async (algorithm, privateKey, part) => {
    const fault = await findSigningKeyFault({ privateKey, algorithm });
    expect(fault?.part ?? null).toBe(part);
    expect(fault?.message ?? "").not.toContain(privateKey);
  });
});

describe("R16 private_key_jwt", () => {
  const client = {
    clientId: "c",
    clientSecret: "left over",
    tokenEndpointAuthMethod: "private_key_jwt",
    privateKey: p256,
    signingAlgorithm: null,
  };

  it("is the only method that a request carries", async () => {
    const authentication = await authenticateClient(client, issuer, signTestAssertion);
    expect(authentication).toEqual({
      headers: {},
      params: {
        client_id: "c",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      },
    });
  });

  it("cannot be without a key that signs, and a key is not used by another method", async () => {
    for (const broken of [{ privateKey: null }, { privateKey: "x" }, { signingAlgorithm: "RS256" }])
      expect(
        await authenticateClient({ ...client, ...broken }, issuer, signTestAssertion),
      ).toBeNull();
    const basic = { ...client, tokenEndpointAuthMethod: "client_secret_basic" };
    expect(await authenticateClient(basic, issuer, signTestAssertion)).toMatchObject({
      params: {},
    });
  });
});
