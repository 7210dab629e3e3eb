/** Detects changes of a server's lists on a pooled connection. */
import type { McpSubscription } from "@modelcontextprotocol/client";
import type { OpenConnection } from "../connection/connect.ts";
import type { ListName } from "../protocol-era.ts";
import { runOutsideCalls } from "../connection/request-trace.ts";

export interface ListWatch {
  /**
   * Subscribes to changes at a modern server (`subscriptions/listen`, MCP 2026-07-28), unless a subscription exists or the server does not
   * support it. Legacy servers send notifications without a subscription. Returns immediately and never throws. Should be called after
   * successful requests; a stream that ended is opened again at the earliest one minute after it was opened.
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
    // Failures are ignored: the server does not support the subscription or is gone.
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
