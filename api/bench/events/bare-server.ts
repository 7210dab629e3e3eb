/** The yardstick: graphql-ws on ws as their documentation shows them, pushing the same payload out of memory to whoever is there. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buildSchema, type GraphQLObjectType } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import { readMemory, readMonotonicMs, serveParent } from "../serve-parent.ts";
import type { ServerAnswers, ServerRequest } from "./messages.ts";

const schema = buildSchema(`
  type Query { ok: Boolean }
  type User { name: String! }
  type McpServer { url: String! }
  interface WorkspaceEvent {
    id: ID! cursor: String! type: String! occurredAt: String! serverId: ID actor: User server: McpServer
  }
  type OAuthStateChanged implements WorkspaceEvent {
    id: ID! cursor: String! type: String! occurredAt: String! serverId: ID actor: User server: McpServer
    previousState: String! state: String! reason: String
  }
  type Subscription { workspaceEvents(workspaceId: ID!): WorkspaceEvent! }
`);

type Listener = (event: object) => void;
const listeners = new Map<string, Set<Listener>>();

async function* follow(workspaceId: string): AsyncGenerator<object> {
  const waiting: object[] = [];
  let wake = () => {};
  const listener: Listener = (event) => {
    waiting.push({ workspaceEvents: event });
    wake();
  };
  const own = listeners.get(workspaceId) ?? new Set();
  listeners.set(workspaceId, own.add(listener));
  try {
    for (;;) {
      const event = waiting.shift();
      if (event) yield event;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    own.delete(listener);
  }
}

const subscription = schema.getSubscriptionType() as GraphQLObjectType;
const field = subscription.getFields()["workspaceEvents"];
if (field)
  field.subscribe = (_root, { workspaceId }: { workspaceId: string }) => follow(workspaceId);

let emitted = 0;

function makeEvent(): object {
  emitted += 1;
  return {
    __typename: "OAuthStateChanged",
    id: `V29ya3NwYWNlRXZlbnQ6MDE5YTAwMDAtMDAwMC03MDAwLTgwMDAt${emitted}`,
    cursor: `MDE5YTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAwOg${emitted}`,
    type: "OAUTH_STATE_CHANGED",
    occurredAt: new Date().toISOString(),
    serverId: "TWNwU2VydmVyOjAxOWEwMDAwLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwMDAwMA",
    actor: { name: "Ada" },
    server: { url: "http://127.0.0.1:1/mcp" },
    previousState: "DISCONNECTED",
    state: "CONNECTED",
    reason: null,
  };
}

serveParent<ServerAnswers>({
  async start() {
    const server = createServer();
    useServer({ schema }, new WebSocketServer({ server, path: "/graphql" }));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  },
  async emit({ workspaceIds, count }: ServerRequest & { kind: "emit" }) {
    const beganMs = readMonotonicMs();
    let lastMs = beganMs;
    for (let index = 0; index < count; index += 1) {
      const event = makeEvent();
      lastMs = readMonotonicMs();
      const id = workspaceIds[index % workspaceIds.length] ?? "";
      for (const listener of listeners.get(id) ?? []) listener(event);
      // As they come in, one by one, not as one piece of work.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { beganMs, lastMs };
  },
  memory: readMemory,
});
