import { createHash } from "node:crypto";
import type { Database } from "@gatehouse/prisma";
import { ServiceError } from "./service-error.ts";

/** A token bucket per key, shared by all processes through the database and measured on the database's clock. */
export interface RateLimiter {
  /** Takes one token. Returns null on success, otherwise the time until a token is available, in milliseconds. */
  take(key: string): Promise<number | null>;
}

export interface RateLimit {
  /** The name of the limited operation. Limits with different names are independent. */
  name: string;
  /** The capacity of the bucket. */
  burst: number;
  /** The number of tokens that are refilled per minute. */
  perMinute: number;
}

export function createRateLimiter(
  db: Database,
  { name, burst, perMinute }: RateLimit,
): RateLimiter {
  const tokenSeconds = 60 / perMinute;
  return {
    async take(key) {
      const hash = createHash("sha256").update(`${name}\0${key}`).digest("hex");
      const [answer] = await db.$queryRaw<{ taken: bigint; waitMs: number | null }[]>`
        WITH token AS (SELECT make_interval(secs => ${tokenSeconds}) AS "time"), taken AS (
          INSERT INTO "RateLimit" ("key", "fullAt") SELECT ${hash}, clock_timestamp() + "time" FROM token
          ON CONFLICT ("key") DO UPDATE SET "fullAt" = greatest("RateLimit"."fullAt", clock_timestamp()) + (SELECT "time" FROM token)
          WHERE greatest("RateLimit"."fullAt", clock_timestamp()) <= clock_timestamp() + ${burst - 1} * (SELECT "time" FROM token)
          RETURNING "key"
        )
        SELECT (SELECT count(*) FROM taken) AS "taken", (
          SELECT ceil(extract(epoch FROM r."fullAt" - ${burst - 1} * "time" - clock_timestamp()) * 1000)::float8
          FROM "RateLimit" r WHERE r."key" = ${hash}
        ) AS "waitMs" FROM token`;
      return answer?.taken === 1n ? null : Math.max(answer?.waitMs ?? 0, 1);
    },
  };
}

/** @throws ServiceError RATE_LIMITED with `retryAfterMs` */
export async function requireRate(
  limiter: RateLimiter,
  key: string,
  message: string,
): Promise<void> {
  const retryAfterMs = await limiter.take(key);
  if (retryAfterMs !== null) throw new ServiceError("RATE_LIMITED", message, { retryAfterMs });
}
