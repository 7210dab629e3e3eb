import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/**
 * Cookies that identify a browser that has signed in to an account before (OWASP's device cookies).
 */
export interface DeviceCookies {
  readonly name: string;
  /** The id of the browser; null if the value was not issued for this account, or has expired. */
  read(value: string | null, email: string): string | null;
  /**
   * Creates a new value for the account. @param deviceId the id of a known browser, which keeps its
   * id and therefore its limit
   */
  issue(email: string, deviceId: string | null): { value: string; maxAgeSeconds: number };
}

const LIFETIME_MS = 180 * 86_400_000;

/**
 * The value is `<id>.<expiry>.<HMAC of both and the account>`. It grants nothing except a separate
 * limit.
 */
export function createDeviceCookies(
  { secret, secure }: { secret: string; secure: boolean },
  now: () => number = Date.now,
): DeviceCookies {
  const sign = (email: string, id: string, expiry: string) =>
    createHmac("sha256", secret)
      .update(JSON.stringify(["device-cookie", email.trim().toLowerCase(), id, expiry]))
      .digest();
  return {
    name: `${secure ? "__Secure-" : ""}gatehouse.device`,
    read(value, email) {
      const [id = "", expiry = "", signature = "", ...rest] = value?.split(".") ?? [];
      if (rest.length > 0 || !/^\d{1,15}$/.test(expiry) || Number(expiry) <= now()) return null;
      const received = Buffer.from(signature, "base64url");
      const expected = sign(email, id, expiry);
      if (received.length !== expected.length || !timingSafeEqual(received, expected)) return null;
      return id;
    },
    issue(email, deviceId) {
      const id = deviceId ?? randomBytes(16).toString("base64url");
      const expiry = String(now() + LIFETIME_MS);
      const value = `${id}.${expiry}.${sign(email, id, expiry).toString("base64url")}`;
      return { value, maxAgeSeconds: LIFETIME_MS / 1_000 };
    },
  };
}
