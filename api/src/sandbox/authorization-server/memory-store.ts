import { errors, type Adapter, type AdapterFactory, type AdapterPayload } from "oidc-provider";

interface Entry {
  readonly model: string;
  readonly id: string;
  readonly payload: AdapterPayload;
  readonly expiresAtMs: number;
}

/** What the authorization server remembers; it lives and dies with one sandbox. */
export interface MemoryStore {
  readonly adapter: AdapterFactory;
  /** Everything unexpired of one model ("Grant", "RefreshToken", ...), oldest first. */
  list(model: string): AdapterPayload[];
  /** Forgets everything of one model that `matches`; answers how much that was. */
  remove(model: string, matches: (payload: AdapterPayload) => boolean): number;
}

const sweepEvery = 500;

function keyOf(model: string, id: string): string {
  return `${model}:${id}`;
}

/**
 * Storage for one provider. The package's own in-memory adapter announces itself on the console and
 * hides its content, while the account page has to list the grants of a person.
 */
export function createMemoryStore(nowMs: () => number = Date.now): MemoryStore {
  const entries = new Map<string, Entry>();
  let writes = 0;

  const isAlive = (entry: Entry) => entry.expiresAtMs > nowMs();
  const alive = (model: string) =>
    [...entries.values()].filter((entry) => entry.model === model && isAlive(entry));
  const removeWhere = (matches: (entry: Entry) => boolean) => {
    let removed = 0;
    for (const [key, entry] of entries) {
      if (!matches(entry)) continue;
      entries.delete(key);
      removed += 1;
    }
    return removed;
  };

  const createAdapter = (model: string): Adapter => ({
    async upsert(id, payload, expiresIn) {
      writes += 1;
      if (writes % sweepEvery === 0) removeWhere((entry) => !isAlive(entry));
      const expiresAtMs = expiresIn === undefined ? Infinity : nowMs() + expiresIn * 1000;
      entries.set(keyOf(model, id), { model, id, payload, expiresAtMs });
    },
    async find(id) {
      const entry = entries.get(keyOf(model, id));
      return entry && isAlive(entry) ? entry.payload : undefined;
    },
    async findByUid(uid) {
      return alive(model).find((entry) => entry.payload.uid === uid)?.payload;
    },
    async findByUserCode(userCode) {
      return alive(model).find((entry) => entry.payload.userCode === userCode)?.payload;
    },
    async consume(id) {
      const entry = entries.get(keyOf(model, id));
      if (!entry) return;
      if (entry.payload.consumed) {
        // The provider checks for reuse before it consumes, so two requests at once both pass its
        // check. Here the second one is caught, and it ends the grant as any reuse does.
        const { grantId } = entry.payload;
        if (grantId) removeWhere(({ payload }) => payload.grantId === grantId);
        if (grantId) entries.delete(keyOf("Grant", grantId));
        throw new errors.InvalidGrant("already used");
      }
      entry.payload.consumed = Math.floor(nowMs() / 1000);
    },
    async destroy(id) {
      entries.delete(keyOf(model, id));
    },
    async revokeByGrantId(grantId) {
      removeWhere((entry) => entry.model === model && entry.payload.grantId === grantId);
    },
  });

  return {
    adapter: createAdapter,
    list: (model) => alive(model).map((entry) => entry.payload),
    remove: (model, matches) =>
      removeWhere((entry) => entry.model === model && matches(entry.payload)),
  };
}
