import { connect, createServer, type Socket } from "node:net";
import { LISTENER_NAME } from "#events/listening.ts";

/** A proxy between one process and PostgreSQL, for what goes wrong on that way. */
export interface DatabaseProxy extends AsyncDisposable {
  /** The database's URL through the proxy. */
  readonly url: string;
  /** Breaks every connection, and refuses new ones until `open`. */
  cut(): void;
  /** Lets connections through again; to another server, if a URL is given. */
  open(databaseUrl?: string): void;
  /** While true, NOTIFY never arrives: neither connection nor query notices. */
  losesNotifications: boolean;
  /** Breaks the connections that listen, and lets none of them come back; the others stay. */
  deafen(): void;
  /** While true, nothing passes and nothing is lost: it arrives afterwards. */
  isHeld: boolean;
  /** The same for all connections but those that listen, over which word of changes arrives. */
  holdsStatements: boolean;
  /** While true, connections are half open: they take what they are sent, and nothing arrives. */
  isSilent: boolean;
  /** The connections of now are half open, until `cut`; new ones are not. */
  freeze(): void;
}

/** The backend's NotificationResponse (PostgreSQL protocol 3.0). */
const notification = "A".charCodeAt(0);

export async function startDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  let target = new URL(databaseUrl);
  let isOpen = true;
  let isDeaf = false;
  let isHeld = false;
  let holdsStatements = false;
  const listeners = new Set<Socket>();
  const held: (() => void)[] = [];
  const release = () => {
    for (const send of held.splice(0)) send();
  };
  const sockets = new Set<Socket>();
  const frozen = new WeakSet<Socket>();

  // Without delay, as PostgreSQL itself: small messages that wait for each other would cost 40 ms a statement.
  const server = createServer({ noDelay: true }, (client) => {
    if (!isOpen) return client.destroy();
    const upstream = connect({
      port: Number(target.port),
      host: target.hostname,
      noDelay: true,
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        listeners.delete(client);
        client.destroy();
        upstream.destroy();
      });
    }
    client.once("data", (startUp) => {
      if (!startUp.includes(LISTENER_NAME)) return;
      if (isDeaf) client.destroy();
      else listeners.add(client);
    });
    const pass = (send: () => void) => {
      const waits = isHeld || (holdsStatements && !listeners.has(client));
      void (waits ? held.push(send) : send());
    };
    client.on("data", (chunk) => {
      if (!proxy.isSilent && !frozen.has(client)) pass(() => upstream.write(chunk));
    });
    let pending = Buffer.alloc(0);
    upstream.on("data", (chunk) => {
      if (proxy.isSilent || frozen.has(upstream)) return;
      pending = Buffer.concat([pending, chunk]);
      const messages: Buffer[] = [];
      // A letter, then a length that counts itself but not the letter.
      while (pending.length >= 5) {
        const end = 1 + pending.readInt32BE(1);
        if (pending.length < end) break;
        const isLost = proxy.losesNotifications && pending[0] === notification;
        if (!isLost) messages.push(pending.subarray(0, end));
        pending = pending.subarray(end);
      }
      if (messages.length > 0) pass(() => client.write(Buffer.concat(messages)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = new URL(databaseUrl);
  url.port = String(address.port);

  const proxy: DatabaseProxy = {
    url: url.href,
    losesNotifications: false,
    isSilent: false,
    get isHeld() {
      return isHeld;
    },
    set isHeld(value) {
      isHeld = value;
      if (!value) release();
    },
    get holdsStatements() {
      return holdsStatements;
    },
    set holdsStatements(value) {
      holdsStatements = value;
      if (!value) release();
    },
    deafen() {
      isDeaf = true;
      for (const socket of listeners) socket.destroy();
    },
    freeze() {
      for (const socket of sockets) frozen.add(socket);
    },
    cut() {
      isOpen = false;
      for (const socket of sockets) socket.destroy();
    },
    open(movedTo) {
      if (movedTo) target = new URL(movedTo);
      isOpen = true;
      isDeaf = false;
    },
    async [Symbol.asyncDispose]() {
      proxy.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
