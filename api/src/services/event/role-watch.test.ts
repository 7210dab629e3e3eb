import type { WorkspaceRole } from "@gatehouse/prisma";
import { expect, it } from "vitest";
import { createRoleWatcher } from "./role-watch.ts";

const member = { workspaceId: "w", userId: "bob" };
const { signal } = new AbortController();

function createStage({ pollMs = 60_000 } = {}) {
  const stage = {
    roles: new Map<string, WorkspaceRole>([["bob", "MEMBER"]]),
    reads: 0,
    isAway: false,
    isHearing: true,
    nowMs: 0,
    tell: (_workspaceId: string | null) => {},
    lost: 0,
    /** Answers to readings are held while it is set. */
    gate: null as Promise<void> | null,
  };
  const roles = createRoleWatcher({
    async readRoles(ids) {
      stage.reads += 1;
      if (stage.isAway) throw new Error("the database is away");
      const found = new Map(stage.roles);
      await stage.gate;
      return new Map(ids.map((id) => [id, found]));
    },
    onChanged(listener) {
      stage.tell = listener;
      return () => {};
    },
    isHearing: () => stage.isHearing,
    clock: { monotonicMs: () => stage.nowMs },
    pollMs,
  });
  const watch = () => roles.watch(member, () => (stage.lost += 1));
  return { stage, roles, watch };
}

it("reads the roles of a workspace once for all who follow it", async () => {
  const { stage, roles, watch } = createStage();
  const watches = Array.from({ length: 100 }, watch);
  for (const role of await Promise.all(watches.map(async (one) => one.read(signal))))
    expect(role).toBe("MEMBER");
  for (const one of watches) expect(one.read(signal)).toBe("MEMBER");
  expect(stage.reads).toBe(1);
  roles.close();
});

it("E2 trusts nothing remembered once a change was told, nor a reading that began before it", async () => {
  const { stage, roles, watch } = createStage();
  const one = watch();
  expect(await one.read(signal)).toBe("MEMBER");
  let open = () => {};
  stage.gate = new Promise((resolve) => (open = resolve));
  stage.tell("w");
  const early = one.read(signal);
  stage.roles.set("bob", "VIEWER");
  stage.tell("w");
  open();
  expect(await early).toBe("VIEWER");
  expect(one.read(signal)).toBe("VIEWER");
  stage.tell("another");
  expect(one.read(signal)).toBe("VIEWER");
  roles.close();
});

it("E2 says at once that a membership is gone, to whoever waits for nothing else", async () => {
  const { stage, roles, watch } = createStage();
  watch();
  using two = watch();
  watch()[Symbol.dispose]();
  expect(await two.read(signal)).toBe("MEMBER");
  stage.roles.delete("bob");
  stage.tell("w");
  expect(await two.read(signal)).toBeNull();
  expect(stage.lost).toBe(2);
  stage.tell(null);
  expect(await two.read(signal)).toBeNull();
  expect(stage.lost).toBe(2);
  roles.close();
});

it("E2 finds by the poll what nobody told", async () => {
  const { stage, roles, watch } = createStage({ pollMs: 20 });
  watch();
  await expect.poll(() => stage.reads).toBeGreaterThan(0);
  stage.roles.delete("bob");
  await expect.poll(() => stage.lost).toBe(1);
  roles.close();
});

it.each(["the bus hears nothing", "they are too old"])(
  "E2 reads before each delivery while %s",
  async (why) => {
    const { stage, roles, watch } = createStage();
    const one = watch();
    await one.read(signal);
    if (why === "the bus hears nothing") stage.isHearing = false;
    stage.nowMs += why === "they are too old" ? 120_001 : 0;
    stage.roles.set("bob", "ADMIN");
    expect(await one.read(signal)).toBe("ADMIN");
    expect(stage.reads).toBe(2);
    roles.close();
  },
);

it("waits for a database that is away, and decides nothing meanwhile", async () => {
  const { stage, roles, watch } = createStage({ pollMs: 20 });
  stage.isAway = true;
  const reading = watch().read(signal);
  await expect.poll(() => stage.reads).toBeGreaterThan(2);
  expect(stage.lost).toBe(0);
  stage.isAway = false;
  expect(await reading).toBe("MEMBER");
  const controller = new AbortController();
  stage.isAway = true;
  stage.tell("w");
  const aborted = watch().read(controller.signal);
  controller.abort();
  expect(await aborted).toBeNull();
  roles.close();
});

it("asks for nothing once nobody follows", async () => {
  const { stage, roles, watch } = createStage({ pollMs: 10 });
  const one = watch();
  await one.read(signal);
  one[Symbol.dispose]();
  const { reads } = stage;
  stage.tell(null);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(stage.reads).toBe(reads);
  roles.close();
});
