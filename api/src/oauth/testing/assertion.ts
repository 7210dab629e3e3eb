/** Clients with and without a key, for tests. */
import { generateKeyPairSync } from "node:crypto";
import { createAssertionSigner } from "../client-assertion.ts";
import { createVirtualTime } from "./virtual-time.ts";

export const noKey = { privateKey: null, signingAlgorithm: null };

let signed = 0;
export const signTestAssertion = createAssertionSigner({
  clock: createVirtualTime(),
  randomToken: () => `assertion-${(signed += 1)}`,
});

/** A new ES256 key pair: the private half in PEM (PKCS #8). */
export function makeSigningKey() {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { privateKeyPem: String(privateKey.export({ type: "pkcs8", format: "pem" })), publicKey };
}
