import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "./generated/client/client.ts";

export * from "./generated/client/client.ts";

/** The client of the database; a transaction's client is `Transaction`. */
export type Database = PrismaClient;
export type Transaction = Parameters<Parameters<Database["$transaction"]>[0]>[0];

/**
 * Opens a pool on PostgreSQL. Connects with the first statement.
 * @param url `postgresql://...`
 * @param maxConnections of this process
 */
export function openDatabase(url: string, maxConnections = 10): Database {
  return new PrismaClient({
    adapter: new PrismaPg({ connectionString: url, max: maxConnections }),
  });
}
