import { createHash } from "node:crypto";
import type { Database } from "@gatehouse/prisma";
import { ServiceError } from "./service-error.ts";

/** A bucket of tokens per key, counted for all processes together, by the database's clock. */
export interface RateLimiter {
  /** Takes one token. Null: taken; else how many milliseconds until there is one. */
  take(key: string): Promise<number | null>;
}

export interface RateLimit {
  /** Of what: limits of different names have nothing to do with each other. */
  name: string;
  /** How many may be taken at once. */
  burst: number;
  /** How many of them come back in a minute. */
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
