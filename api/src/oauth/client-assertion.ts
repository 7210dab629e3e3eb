/**
 * Assertions with which a client authenticates with a key instead of a shared secret:
 * private_key_jwt (RFC 7523 §2.2).
 */
import { importPKCS8, SignJWT } from "jose";
import type { SignAssertion, SigningKey } from "./ports.ts";

export const defaultSigningAlgorithm = "ES256";

/** `client_assertion_type` of RFC 7523 §2.2. */
export const jwtBearerAssertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Long enough for one request. */
const lifetimeS = 60;

/** Asymmetric signatures only: with a symmetric one the private key would be a shared secret. */
const signatureAlgorithm = /^(?:(?:ES|RS|PS)(?:256|384|512)|EdDSA|Ed25519|ML-DSA-(?:44|65|87))$/;

/**
 * @param options.randomToken at least 128 bits: an assertion that is received twice is rejected as
 * a replay
 */
export function createAssertionSigner(options: {
  clock: { now(): Date };
  randomToken(): string;
}): SignAssertion {
  const { clock, randomToken } = options;
  return async (clientId, key, audience) => {
    const issuedAtS = Math.floor(clock.now().getTime() / 1000);
    return await sign(key, {
      iss: clientId,
      sub: clientId,
      aud: audience,
      jti: randomToken(),
      iat: issuedAtS,
      exp: issuedAtS + lifetimeS,
    });
  };
}

export interface SigningKeyFault {
  part: "privateKey" | "algorithm";
  /** For the user who entered the key. */
  message: string;
}

/** Why a key cannot be used for signing; null if it can. */
export async function findSigningKeyFault(key: SigningKey): Promise<SigningKeyFault | null> {
  const { algorithm } = key;
  if (!signatureAlgorithm.test(algorithm)) {
    return {
      part: "algorithm",
      message:
        "Enter a signature algorithm for a private key, such as ES256, RS256, PS256 or EdDSA.",
    };
  }
  if ((await sign(key, {})) !== null) return null;
  return {
    part: "privateKey",
    message: `Enter a private key for ${algorithm} in PEM format (PKCS #8, beginning with -----BEGIN PRIVATE KEY-----).`,
  };
}

async function sign(
  { privateKey, algorithm }: SigningKey,
  claims: Record<string, string | number>,
): Promise<string | null> {
  try {
    const key = await importPKCS8(privateKey.trim(), algorithm);
    return await new SignJWT(claims).setProtectedHeader({ alg: algorithm, typ: "JWT" }).sign(key);
  } catch {
    // Only the key can be at fault: nothing is sent, and the claims are constant.
    return null;
  }
}
