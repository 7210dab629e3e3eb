import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "./generated/client/client.ts";

export * from "./generated/client/client.ts";

/** The client of the database; a transaction's client is `Transaction`. */
export type Database = PrismaClient;
export type Transaction = Parameters<Parameters<Database["$transaction"]>[0]>[0];

/** No statement takes so long; connections that are half open say nothing at all, and a pool of them would serve nobody. */
const answerTimeoutMs = 30_000;

/**
 * Opens a pool on PostgreSQL. Connects with the first statement. A connection on which a statement gets no answer within half a minute
 * is given up, and the statement fails.
 * @param url `postgresql://...`; its parameters, `query_timeout` in milliseconds among them, come before what is set here
 * @param maxConnections of this process
 */
export function openDatabase(url: string, maxConnections = 10): Database {
  return new PrismaClient({
    adapter: new PrismaPg({
      connectionString: url,
      max: maxConnections,
      keepAlive: true,
      query_timeout: answerTimeoutMs,
      connectionTimeoutMillis: answerTimeoutMs,
    }),
  });
}
