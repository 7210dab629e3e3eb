import type { Database } from "@gatehouse/prisma";
import { type Bus, openBus } from "#events/bus.ts";

/** Tells the processes of a test at once of what it changes past them, as they tell each other of their own changes. */
export interface Teller {
  openBus(databaseUrl: string): Promise<Bus>;
  /** The same database, of whose changes of servers, grants and keys the processes are told before they are answered. */
  tellingOf(db: Database): Database;
}

/** By the model of the client. */
const toldKinds = { mcpServer: "server", oAuthGrant: "grant", serverKey: "grant" } as const;
const writes = /^(update|delete|upsert)/;

export function createTeller(): Teller {
  const listeners = new Set<(topic: string) => void>();

  /** A model of the client whose writes are told. */
  function telling(db: Database, name: keyof typeof toldKinds): object {
    const listIds = async (): Promise<string[]> => {
      const select = { id: true };
      const reading = {
        mcpServer: () => db.mcpServer.findMany({ select }),
        oAuthGrant: () => db.oAuthGrant.findMany({ select }),
        serverKey: () => db.serverKey.findMany({ select }),
      };
      return (await reading[name]()).map(({ id }) => id);
    };
    return new Proxy(db[name], {
      get(model, method) {
        const run: unknown = Reflect.get(model, method);
        if (typeof run !== "function" || !writes.test(String(method))) return run;
        return async (...args: unknown[]) => {
          // Which of them it is about is told by nothing that a test gives.
          const before = await listIds();
          const answer: unknown = await Reflect.apply(run, model, args);
          for (const id of new Set([...before, ...(await listIds())]))
            for (const tell of listeners) tell(`${toldKinds[name]}:${id}`);
          return answer;
        };
      },
    });
  }

  return {
    async openBus(databaseUrl) {
      const bus = await openBus(databaseUrl);
      return {
        ...bus,
        listen(kind, listener) {
          const tell = (topic: string) => topic.startsWith(`${kind}:`) && listener(topic);
          listeners.add(tell);
          const stop = bus.listen(kind, listener);
          return () => {
            listeners.delete(tell);
            stop();
          };
        },
      };
    },
    tellingOf: (db) =>
      new Proxy(db, {
        get(target, name) {
          if (name === "mcpServer" || name === "oAuthGrant" || name === "serverKey")
            return telling(target, name);
          const part: unknown = Reflect.get(target, name);
          return typeof part === "function" ? (part.bind(target) as unknown) : part;
        },
      }),
  };
}
