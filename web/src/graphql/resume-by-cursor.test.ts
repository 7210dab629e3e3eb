import { createClient, type Client, type ExecutionResult } from "graphql-ws";
import { describe, expect, it } from "vitest";
import { readEventCursor, resumeByCursor } from "./resume-by-cursor.ts";

type Message = { id?: string; type: string; payload?: { variables?: { after?: string } } };

/** The other end of the wire: real client, a socket that speaks graphql-transport-ws by hand. */
class Wire {
  static protocol = "graphql-transport-ws";
  readonly sockets: FakeSocket[] = [];
  #waiting: { fits: () => boolean; resolve: () => void }[] = [];

  get subscriptions(): (string | undefined)[] {
    return this.sockets.flatMap((socket) =>
      socket.subscribes.map((message) => message.payload?.variables?.after),
    );
  }

  changed(): void {
    this.#waiting = this.#waiting.filter(({ fits, resolve }) => {
      if (fits()) resolve();
      return !fits();
    });
  }

  until(fits: () => boolean): Promise<void> {
    if (fits()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ fits, resolve }));
  }
}

function makeImplementation(wire: Wire) {
  return class extends FakeSocket {
    constructor() {
      super(wire);
      wire.sockets.push(this);
    }
  };
}

class FakeSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readyState = 0;
  protocol = Wire.protocol;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  readonly subscribes: Message[] = [];
  readonly completes: string[] = [];
  readonly wire: Wire;

  constructor(wire: Wire) {
    this.wire = wire;
    queueMicrotask(() => {
      this.readyState = 1;
      this.onopen?.();
    });
  }

  send(text: string): void {
    const message = JSON.parse(text) as Message;
    if (message.type === "connection_init") this.deliver({ type: "connection_ack" });
    if (message.type === "subscribe") this.subscribes.push(message);
    if (message.type === "complete") this.completes.push(message.id ?? "");
    this.wire.changed();
  }

  deliver(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  deliverEvent(cursor: string): void {
    const { id } = this.subscribes.at(-1) ?? {};
    this.deliver({ id, type: "next", payload: { data: { authStateChanged: { cursor } } } });
  }

  close(code = 1000, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

function connect(wire: Wire): Client {
  return createClient({
    url: "ws://gatehouse.example/graphql",
    webSocketImpl: makeImplementation(wire),
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: () => Promise.resolve(),
  });
}

function watch(wire: Wire) {
  const results: (string | undefined)[] = [];
  const ends: unknown[] = [];
  const stop = resumeByCursor(
    connect(wire),
    { query: "subscription", variables: { workspaceId: "w", after: "c0" } },
    {
      next: (result) => results.push(readEventCursor(result as ExecutionResult)),
      error: (error) => ends.push(error),
      complete: () => ends.push("complete"),
    },
    readEventCursor,
  );
  return { results, ends, stop };
}

describe("resumeByCursor", () => {
  it("E1 subscribes anew with the last cursor seen after the socket was lost", async () => {
    const wire = new Wire();
    const { results, ends } = watch(wire);
    await wire.until(() => wire.subscriptions.length === 1);
    wire.sockets[0]?.deliverEvent("c1");
    wire.sockets[0]?.deliverEvent("c2");
    wire.sockets[0]?.close(1012);
    await wire.until(() => wire.subscriptions.length === 2);
    wire.sockets[1]?.deliverEvent("c3");
    wire.sockets[1]?.close(1006);
    await wire.until(() => wire.subscriptions.length === 3);
    expect(wire.subscriptions).toEqual(["c0", "c2", "c3"]);
    expect(wire.sockets.map((socket) => socket.subscribes.length)).toEqual([1, 1, 1]);
    expect(results).toEqual(["c1", "c2", "c3"]);
    expect(ends).toEqual([]);
  });

  it("E1 resumes after a normal closure too, which the client does not call a retry", async () => {
    const wire = new Wire();
    watch(wire);
    await wire.until(() => wire.subscriptions.length === 1);
    wire.sockets[0]?.deliverEvent("c1");
    wire.sockets[0]?.close(1000);
    await wire.until(() => wire.subscriptions.length === 2);
    expect(wire.subscriptions).toEqual(["c0", "c1"]);
  });

  it("asks again for the same place when nothing was seen", async () => {
    const wire = new Wire();
    watch(wire);
    await wire.until(() => wire.subscriptions.length === 1);
    wire.sockets[0]?.close(1012);
    await wire.until(() => wire.subscriptions.length === 2);
    expect(wire.subscriptions).toEqual(["c0", "c0"]);
  });

  it("passes an error on once, and asks no more", async () => {
    const wire = new Wire();
    const { ends } = watch(wire);
    await wire.until(() => wire.subscriptions.length === 1);
    const [socket] = wire.sockets;
    const error = { message: "gone", extensions: { code: "CURSOR_INVALID" } };
    socket?.deliver({ id: socket.subscribes[0]?.id, type: "error", payload: [error] });
    expect(ends).toEqual([[error]]);
    socket?.close(1012);
    expect(wire.sockets).toHaveLength(1);
  });

  it("tells the server when the subscriber goes", async () => {
    const wire = new Wire();
    const { stop } = watch(wire);
    await wire.until(() => wire.subscriptions.length === 1);
    stop();
    expect(wire.sockets[0]?.completes).toEqual([wire.sockets[0]?.subscribes[0]?.id]);
  });
});

describe("readEventCursor", () => {
  it.each([
    [{ data: { authStateChanged: { cursor: "c" } } }, "c"],
    [{ data: { oauthFlowUpdated: { id: "f" } } }, undefined],
    [{ data: null }, undefined],
    [{ data: { authStateChanged: { cursor: 7 } } }, undefined],
  ])("reads %j as %j", (result, cursor) => {
    expect(readEventCursor(result)).toBe(cursor);
  });
});
