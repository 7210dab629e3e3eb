/**
 * Random changes of the log, through real transactions of which some are rolled back, with subscribers that come, go, resume and switch
 * process, while connections to the database break and processes stop: every subscriber's history is what the log says for them.
 */
import { type Database, openDatabase, WorkspaceEventType } from "@gatehouse/prisma";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openBus, type Bus } from "#events/bus.ts";
import { LISTENER_NAME } from "#events/listening.ts";
import { appendEvent, type NewEvent } from "#events/log.ts";
import { topics } from "#events/topics.ts";
import { rowIdOf, type TestUser } from "./support/client.ts";
import { follow, type Transport } from "./support/follower.ts";
import { readCursorAt } from "./support/cursor-at.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

const isFull = Boolean(process.env["GATEHOUSE_TEST_FULL"]);
/** Each run is a workspace of its own, with so many events at least. */
const runs = isFull ? 25 : 4;
const eventsPerRun = isFull ? 4_000 : 1_250;
const maxCommands = 40;

/** The three audiences: the owner sees all, the others what is shared and their own. */
const people = ["ada", "bob", "cy"] as const;
type Person = (typeof people)[number];

const types = Object.values(WorkspaceEventType);
/** Hidden from the two others, whatever account they are about. */
const forAdministrators = new Set<string>(["INVITATION_CHANGED", "WEBHOOK_ENDPOINT_CHANGED"]);

/** What can be asked for: as the API is told, and which events of the log that means, told apart from it. */
const questions = [
  {
    query: "workspaceEvents(workspaceId: $id, after: $after)",
    isMeant: () => true,
  },
  {
    query: "workspaceEvents(workspaceId: $id, after: $after, filter: { onlyMine: true })",
    isMeant: ({ userId, actorId }: Row, me: string) => userId === me || actorId === me,
  },
  {
    query:
      "workspaceEvents(workspaceId: $id, after: $after, filter: { types: [TOOL_EXECUTED, OAUTH_STATE_CHANGED] })",
    isMeant: ({ type }: Row) =>
      ["TOOL_EXECUTED", "OAUTH_STATE_CHANGED", "REAUTH_REQUIRED"].includes(type),
  },
  {
    query: "authStateChanged(workspaceId: $id, after: $after)",
    isMeant: ({ type }: Row) => ["OAUTH_STATE_CHANGED", "REAUTH_REQUIRED"].includes(type),
  },
] as const;

interface Row {
  id: string;
  seq: bigint;
  type: string;
  userId: string | null;
  actorId: string | null;
}

interface Change {
  events: { type: WorkspaceEventType; about: Person | null; by: Person | null }[];
  isRolledBack: boolean;
  /** Else the poll must find it. */
  isTold: boolean;
}

interface Follower {
  person: Person;
  question: number;
  transport: Transport;
  /** Of the process; changes as they move. */
  at: number;
  /** After which event they began. */
  from: bigint;
  cursor: string;
  seen: string[];
  /** Null while they are away. */
  leave: AbortController | null;
  running: Promise<void>;
  refusals: string[];
}

/** Of the connections with which the test writes: they break as little as another system's would. */
const ownName = "event model";

/** What the runs share. */
let gatehouse: TestGatehouse;
let db: Database;
let bus: Bus;
let users: Record<Person, TestUser>;
let ids: Record<Person, string>;
let processes: string[];
const resources = new AsyncDisposableStack();

beforeAll(async () => {
  gatehouse = resources.use(await startGatehouse());
  processes = [gatehouse.url, await gatehouse.addProcess(), await gatehouse.addProcess()];
  const url = new URL(gatehouse.databaseUrl);
  url.searchParams.set("application_name", ownName);
  db = openDatabase(url.href, 6);
  resources.defer(() => db.$disconnect());
  bus = await openBus(url.href);
  resources.defer(() => bus.close());
  const made = await Promise.all(people.map((name) => gatehouse.signUp(name)));
  users = Object.fromEntries(people.map((name, i) => [name, made[i]])) as typeof users;
  const rows = await db.user.findMany({ where: { name: { in: [...people] } } });
  ids = Object.fromEntries(rows.map(({ id, name }) => [name, id])) as typeof ids;
});
afterAll(() => resources.disposeAsync());

/** One run: a workspace and who follows it. */
class World {
  workspaceId = "";
  made = 0;
  /** How often somebody was sent away or cut off. */
  interruptions = 0;
  #steps = 0;
  readonly followers: Follower[] = [];
  readonly pouring = new Set<Promise<void>>();

  async open(): Promise<void> {
    const { createWorkspace } = await users.ada.query(
      'mutation { createWorkspace(input: { name: "Model" }) { id } }',
    );
    this.workspaceId = createWorkspace.id;
    await db.membership.createMany({
      data: [
        { workspaceId: this.rowId, userId: ids.bob, role: "MEMBER" },
        { workspaceId: this.rowId, userId: ids.cy, role: "VIEWER" },
      ],
    });
  }

  get rowId(): string {
    return rowIdOf(this.workspaceId);
  }

  /** All at once, as far as connections go. */
  pour(changes: readonly Change[]): void {
    for (const change of changes) {
      const poured = this.#apply(change).finally(() => this.pouring.delete(poured));
      this.pouring.add(poured);
    }
  }

  /** Goes on pouring, a few at once, until the run has its events; the commands come in between. */
  async flow(changes: readonly Change[]): Promise<void> {
    for (let i = 0; this.made < eventsPerRun; i += 1) {
      this.pour(changes.slice(i % changes.length).slice(0, 1));
      if (this.pouring.size >= 10) await Promise.race(this.pouring);
    }
  }

  /** Waits until the log has grown by a command's share. */
  async pace(): Promise<void> {
    this.#steps += 1;
    while (this.made < (this.#steps * eventsPerRun) / (maxCommands + 1))
      await Promise.race([...this.pouring, new Promise((resolve) => setTimeout(resolve, 5))]);
  }

  async #apply({ events, isRolledBack, isTold }: Change): Promise<void> {
    const rollback = new Error("rolled back");
    try {
      await db.$transaction(
        async (tx) => {
          for (const { type, about, by } of events) {
            const event: NewEvent = {
              workspaceId: this.rowId,
              type,
              actorId: by && ids[by],
              serverId: null,
              userId: about && ids[about],
              payload: {},
            };
            await appendEvent(tx, event);
          }
          if (isRolledBack) throw rollback;
        },
        { maxWait: 600_000, timeout: 600_000 },
      );
      this.made += events.length;
    } catch (error) {
      if (error !== rollback) throw error;
    }
    if (isTold) bus.publish(topics.workspace(this.rowId));
  }

  /** @param share how much of the log they have seen already, from 0 to 1 */
  async come(
    who: Pick<Follower, "person" | "question" | "transport" | "at">,
    share: number,
  ): Promise<void> {
    const { eventSeq } = await db.workspace.findUniqueOrThrow({ where: { id: this.rowId } });
    const from = BigInt(Math.floor(Number(eventSeq) * share));
    const cursor = await readCursorAt(db, this.rowId, from);
    const follower: Follower = {
      ...who,
      from,
      cursor,
      seen: [],
      leave: null,
      running: Promise.resolve(),
      refusals: [],
    };
    this.followers.push(follower);
    this.resume(follower);
  }

  resume(follower: Follower): void {
    if (follower.leave) return;
    follower.leave = new AbortController();
    const { signal } = follower.leave;
    // One at a time: the last connection's events are all counted before the cursor is used.
    follower.running = follower.running.then(() => this.#follow(follower, signal));
  }

  async go(follower: Follower): Promise<void> {
    follower.leave?.abort();
    follower.leave = null;
    await follower.running;
  }

  /** As a client does: whatever ends the connection, it comes back with the last cursor that it saw. */
  async #follow(follower: Follower, signal: AbortSignal): Promise<void> {
    const user = users[follower.person];
    const question = questions[follower.question]?.query ?? "";
    const field = question.split("(")[0] ?? "";
    while (!signal.aborted) {
      try {
        const results = follow(follower.transport, {
          url: processes[follower.at % processes.length] ?? gatehouse.url,
          credential: { cookie: user.cookie, origin: gatehouse.url },
          query: `subscription ($id: ID!, $after: String) { ${question} { id cursor } }`,
          variables: { id: this.workspaceId, after: follower.cursor },
          signal,
        });
        for await (const { data, errors } of results) {
          const event = data?.[field];
          if (event) {
            follower.seen.push(event.id);
            follower.cursor = event.cursor;
          } else follower.refusals.push(String(errors?.[0]?.extensions["code"]));
        }
      } catch {
        // Sent away, or cut off.
      }
      if (!signal.aborted) this.interruptions += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends connections of Gatehouse's processes to the database. */
  async breakConnections(areAll: boolean): Promise<void> {
    await db.$queryRaw`
      SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> ${ownName}
        AND (application_name = ${LISTENER_NAME} OR ${areAll})`;
  }

  /** Another process takes the place of one that stops as SIGTERM stops it: whoever follows there is sent away. */
  async restart(place: number): Promise<void> {
    const stopping = processes[place] ?? "";
    processes[place] = await gatehouse.addProcess();
    await gatehouse.stopProcess(stopping);
  }

  /** Waits until everybody has seen the log's end, then compares. */
  async check(): Promise<void> {
    await Promise.all(this.pouring);
    for (const follower of this.followers) this.resume(follower);
    // Something for everybody, at last: what is doubled has come by then.
    for (const by of people) this.pour([last(by)]);
    await Promise.all(this.pouring);
    const rows = await db.workspaceEvent.findMany({
      where: { workspaceId: this.rowId },
      orderBy: { seq: "asc" },
    });
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, i) => BigInt(i + 1)));
    // The first is that its owner joined.
    expect(rows).toHaveLength(this.made + 1);
    for (const follower of this.followers) {
      const expected = expectedOf(follower, rows);
      await expect
        .poll(() => follower.seen.includes(expected.at(-1) ?? ""), {
          timeout: 60_000,
          interval: 20,
        })
        .toBe(true);
      expect(describe(follower.seen, expected)).toEqual({ lost: 0, doubled: 0, isSame: true });
      // A database that is away for a moment is the only reason for which anything may fail.
      expect(follower.refusals.filter((code) => code !== "INTERNAL_SERVER_ERROR")).toEqual([]);
    }
  }
}

const last = (by: Person): Change => ({
  events: [{ type: "REAUTH_REQUIRED", about: null, by }],
  isRolledBack: false,
  isTold: true,
});

function expectedOf({ person, question, from }: Follower, rows: readonly Row[]): string[] {
  const me = ids[person];
  return rows
    .filter(
      (row) =>
        row.seq > from &&
        (person === "ada" ||
          (!forAdministrators.has(row.type) && (row.userId === null || row.userId === me))) &&
        questions[question]?.isMeant(row, me),
    )
    .map(({ id }) => id);
}

function describe(seen: readonly string[], expected: readonly string[]) {
  const once = new Set(seen);
  return {
    lost: expected.filter((id) => !once.has(id)).length,
    doubled: seen.length - once.size,
    isSame: seen.join() === expected.join(),
  };
}

/** What the commands look at: who is there, and who is away. */
interface Model {
  present: boolean[];
}
type Command = fc.AsyncCommand<Model, World>;

function command(
  name: string,
  run: (model: Model, world: World) => Promise<void> | void,
  check: (model: Model) => boolean = () => true,
): Command {
  return {
    check,
    async run(model, world) {
      await world.pace();
      await run(model, world);
    },
    toString: () => name,
  };
}

const change: fc.Arbitrary<Change> = fc.record({
  events: fc.array(
    fc.record({
      type: fc.constantFrom(...types),
      about: fc.option(fc.constantFrom(...people)),
      by: fc.option(fc.constantFrom(...people)),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  isRolledBack: fc.nat(6).map((n) => n === 0),
  isTold: fc.nat(4).map((n) => n > 0),
});
const burst = fc.array(change, { minLength: 5, maxLength: 40 });
const anyFollower = fc.nat(1_000);
const place = fc.nat(2);

const pour = burst.map((poured) =>
  command(`pour(${poured.length})`, (_model, world) => world.pour(poured)),
);

const come = fc
  .tuple(
    fc.record({
      person: fc.constantFrom(...people),
      question: fc.nat(questions.length - 1),
      transport: fc.constantFrom<Transport>("WebSocket", "server-sent events"),
      at: place,
    }),
    fc.constantFrom(0, 0.5, 1),
  )
  .map(([who, share]) =>
    command(
      `come(${JSON.stringify(who)}, ${share})`,
      async (model, world) => {
        model.present.push(true);
        await world.come(who, share);
      },
      ({ present }) => present.length < 12,
    ),
  );

/** Somebody who is there goes, or who is away comes back, perhaps elsewhere. */
const toggle = fc.tuple(anyFollower, place).map(([chosen, at]) =>
  command(
    `toggle(${chosen}, ${at})`,
    async (model, world) => {
      const index = chosen % model.present.length;
      const follower = world.followers[index];
      if (!follower) throw new Error("The model counts wrong.");
      if (model.present[index]) await world.go(follower);
      else {
        follower.at = at;
        world.resume(follower);
      }
      model.present[index] = !model.present[index];
    },
    ({ present }) => present.length > 0,
  ),
);

/** To another process without a pause, while events pour in. */
const move = fc.tuple(anyFollower, place).map(([chosen, at]) =>
  command(
    `move(${chosen}, ${at})`,
    async (model, world) => {
      const index = chosen % model.present.length;
      const follower = world.followers[index];
      if (!follower) throw new Error("The model counts wrong.");
      await world.go(follower);
      follower.at = at;
      world.resume(follower);
      model.present[index] = true;
    },
    ({ present }) => present.length > 0,
  ),
);

const breakConnections = fc
  .boolean()
  .map((areAll) =>
    command(`break(${areAll ? "all" : "those that listen"})`, (_model, world) =>
      world.breakConnections(areAll),
    ),
  );

const restart = fc
  .constantFrom(1, 2)
  .map((index) => command(`restart(${index})`, (_model, world) => world.restart(index)));

it(
  "E1 every subscriber's history is the log's, whatever happens to subscribers, processes and connections",
  { timeout: isFull ? 1_800_000 : 240_000 },
  async () => {
    let made = 0;
    let interruptions = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.commands([pour, come, come, toggle, move, move, breakConnections, restart], {
          size: "max",
          maxCommands,
        }),
        fc.array(change, { minLength: 20, maxLength: 60 }),
        async (commands, stream) => {
          const world = new World();
          await world.open();
          const flowing = world.flow(stream);
          try {
            await fc.asyncModelRun(() => ({ model: { present: [] }, real: world }), commands);
            await flowing;
            await world.check();
          } finally {
            await flowing;
            await Promise.all(world.followers.map((follower) => world.go(follower)));
            made += world.made;
            interruptions += world.interruptions;
          }
        },
      ),
      // What fails is told with its seed and path; to shrink it takes longer than a suite should.
      { numRuns: runs, endOnFailure: true, ...(isFull ? {} : { seed: 4 }) },
    );
    expect(made).toBeGreaterThanOrEqual(runs * eventsPerRun);
    expect(interruptions).toBeGreaterThan(0);
  },
);
