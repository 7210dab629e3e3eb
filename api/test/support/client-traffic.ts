import type { ClientTraffic } from "#sandbox/traffic.ts";
import { rowIdOf } from "./client.ts";
import type { TestGatehouse } from "./gatehouse.ts";

/** Counts the requests of the clients that a server has now, and of no other test's. */
export async function watchClients(
  gatehouse: Pick<TestGatehouse, "db" | "sandbox">,
  serverId: string,
): Promise<() => ClientTraffic> {
  const clients = await gatehouse.db.oAuthClient.findMany({
    where: { serverId: rowIdOf(serverId) },
    select: { clientId: true },
  });
  if (clients.length === 0) throw new Error("The server has no client.");
  const ids = clients.map(({ clientId }) => clientId);
  return () => gatehouse.sandbox.traffic.countOf(ids);
}
