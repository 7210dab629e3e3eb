/** Hears on a pooled connection when one of the server's lists has changed. */
import type { McpSubscription } from "@modelcontextprotocol/client";
import type { OpenConnection } from "../connection/connect.ts";
import type { ListName } from "../protocol-era.ts";
import { runOutsideCalls } from "../connection/request-trace.ts";

export interface ListWatch {
  /**
   * Asks a modern server to tell of changes (`subscriptions/listen`, MCP 2026-07-28), unless it is asked already or does not offer it.
   * Legacy ones tell by themselves. Returns at once and never throws; to be called after uses that worked, for a stream that ended is
   * asked for anew no sooner than a minute after it was opened.
   */
  start(): void;
}

const ACKNOWLEDGE_TIMEOUT_MS = 10_000;
const AGAIN_AFTER_MS = 60_000;

export function createListWatch(
  connection: OpenConnection,
  deps: { tell(list: ListName): void; monotonicMs(): number },
): ListWatch {
  const { client, era } = connection.session;
  client.setNotificationHandler("notifications/tools/list_changed", () => deps.tell("tools"));
  client.setNotificationHandler("notifications/prompts/list_changed", () => deps.tell("prompts"));
  client.setNotificationHandler("notifications/resources/list_changed", () =>
    deps.tell("resources"),
  );
  const lists = connection.verdict.tellsChangesOf ?? [];
  let subscription: Promise<McpSubscription | null> | null = null;
  let askedAtMs = -Infinity;

  async function listen(): Promise<McpSubscription | null> {
    const filter = {
      ...(lists.includes("tools") ? { toolsListChanged: true } : {}),
      ...(lists.includes("prompts") ? { promptsListChanged: true } : {}),
      ...(lists.includes("resources") ? { resourcesListChanged: true } : {}),
    };
    // A server that will not tell, or is gone: nothing is owed to anybody.
    const listening = await client
      .listen(filter, { timeout: ACKNOWLEDGE_TIMEOUT_MS })
      .catch(() => null);
    void listening?.closed.then(() => {
      subscription = null;
    });
    if (!listening) subscription = null;
    return listening;
  }

  return {
    start() {
      if (era !== "modern" || lists.length === 0 || subscription) return;
      if (deps.monotonicMs() - askedAtMs < AGAIN_AFTER_MS) return;
      askedAtMs = deps.monotonicMs();
      subscription = runOutsideCalls(listen);
    },
  };
}
