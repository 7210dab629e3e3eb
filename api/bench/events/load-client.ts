/** Thousands of subscribers in one process: each a WebSocket of its own that speaks `graphql-transport-ws`, and as little more as can be. */
import WebSocket from "ws";
import { readMonotonicMs, serveParent } from "../serve-parent.ts";
import type { Group, LoadAnswers, LoadRequest } from "./messages.ts";

/** Connections that are being opened at once. */
const width = 64;

const sockets: WebSocket[] = [];
let reached = 0;
let times = new Float64Array(0);
let received = 0;
let extra = 0;
let onAll = () => {};
let failure: string | null = null;
let isLeaving = false;

function fail(what: string): void {
  failure ??= what;
  onAll();
}

/** Resolves once the subscription has been sent; whether it is served, the first event tells. */
function open({ url, headers, query, variables }: Group): Promise<void> {
  return new Promise((resolve, reject) => {
    const address = `${url.replace(/^http/, "ws")}/graphql`;
    const socket = new WebSocket(address, "graphql-transport-ws", {
      headers,
      perMessageDeflate: false,
    });
    sockets.push(socket);
    let isServed = false;
    socket.on("error", reject);
    socket.on("close", (code, reason) => {
      if (!isLeaving) fail(`A connection was closed: ${code} ${String(reason)}`);
      reject(new Error(`closed: ${code} ${String(reason)}`));
    });
    socket.on("open", () => socket.send(`{"type":"connection_init"}`));
    socket.on("message", (message: Buffer) => {
      if (isServed) {
        const now = readMonotonicMs();
        if (received < times.length) times[received] = now;
        else extra += 1;
        received += 1;
        if (received === times.length) onAll();
        return;
      }
      const text = message.toString();
      const { type, payload } = JSON.parse(text) as { type: string; payload?: { data?: unknown } };
      if (type === "connection_ack") {
        const subscribe = { id: "1", type: "subscribe", payload: { query, variables } };
        socket.send(JSON.stringify(subscribe), () => resolve());
      } else if (type === "next" && payload?.data) {
        isServed = true;
        reached += 1;
      } else if (type !== "ping") fail(text);
    });
  });
}

serveParent<LoadAnswers>({
  async connect({ groups }: LoadRequest & { kind: "connect" }) {
    const waiting = groups.flatMap((group) => Array.from({ length: group.count }, () => group));
    const work = async () => {
      for (let group = waiting.pop(); group; group = waiting.pop()) await open(group);
    };
    await Promise.all(Array.from({ length: width }, work));
    return null;
  },
  arm({ count }: LoadRequest & { kind: "arm" }) {
    times = new Float64Array(count);
    received = 0;
    extra = 0;
    return null;
  },
  async collect({ timeoutMs }: LoadRequest & { kind: "collect" }) {
    if (received < times.length && !failure)
      await new Promise<void>((resolve, reject) => {
        const late = () => reject(new Error(`${received} of ${times.length} events have come.`));
        const timer = setTimeout(late, timeoutMs);
        onAll = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    if (failure) throw new Error(failure);
    if (extra > 0) throw new Error(`${extra} more events have come than there are.`);
    return times;
  },
  reached() {
    if (failure) throw new Error(failure);
    return reached;
  },
  async disconnect() {
    isLeaving = true;
    const closing = sockets.splice(0).map((socket) => {
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.close();
      return closed;
    });
    await Promise.all(closing);
    isLeaving = false;
    reached = 0;
    return null;
  },
});
