import { fetch } from "undici";
import { expect, it } from "vitest";
import { createGuardedAgent } from "./guarded-agent.ts";
import { startTestServer } from "./testing/test-server.ts";

it.each(["127.0.0.1", "[::1]", "named.test"])(
  "G3 judges %s at connect, without any check of the URL before",
  async (host) => {
    await using server = await startTestServer();
    const asked: string[] = [];
    const refuse = (address: string) => {
      asked.push(address);
      return false;
    };
    const dispatcher = createGuardedAgent(refuse, async () => [{ address: "8.8.8.8", family: 4 }]);
    await expect(fetch(`http://${host}:${server.port}/`, { dispatcher })).rejects.toMatchObject({
      cause: { name: "EgressError", code: "ADDRESS_FORBIDDEN" },
    });
    expect(asked[0]).toBe(host === "named.test" ? "8.8.8.8" : host.replace(/[[\]]/g, ""));
    expect(server.connections()).toBe(0);
    await dispatcher.destroy();
  },
);

it("closes when asked to, also while a name is being resolved", async () => {
  const dispatcher = createGuardedAgent(
    () => true,
    () => new Promise(() => {}),
  );
  const pending = fetch("http://named.test/", { dispatcher });
  const outcome = expect(pending).rejects.toMatchObject({ cause: { code: "UND_ERR_DESTROYED" } });
  await dispatcher.destroy();
  await outcome;
});
