import { expect } from "vitest";
import { findProgram } from "../commands/find-program.ts";
import { createServer } from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";
import { RunningProgram } from "./support/running-program.ts";

const curl = findProgram("curl");
let gatehouse: TestGatehouse;
it.beforeAll(({ gatehouse: part }) => {
  gatehouse = part;
});

it.skipIf(curl === null)(
  "E1 a plain curl -N sees the heartbeat while nothing happens, and each event as it does",
  async () => {
    const ada = await gatehouse.signUp();
    const { createApiToken } = await ada.query(
      "mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }",
      { input: { workspaceId: ada.workspaceId, name: "curl", scope: "READ" } },
    );
    const query = "subscription ($id: ID!) { workspaceEvents(workspaceId: $id) { type } }";
    await using program = new RunningProgram(
      [
        curl ?? "",
        "-sN",
        `${gatehouse.url}/graphql`,
        "-H",
        `authorization: Bearer ${createApiToken.secret}`,
        "-H",
        "content-type: application/json",
        "-H",
        "accept: text/event-stream",
        "-d",
        JSON.stringify({ query, variables: { id: ada.workspaceId } }),
      ],
      {},
    );
    const isHeartbeat = (line: string) => line.startsWith(":");
    const count = (is: (line: string) => boolean) => program.lines.filter(is).length;
    await expect.poll(() => count(isHeartbeat), { timeout: 30_000 }).toBeGreaterThanOrEqual(2);
    expect(count((line) => line.startsWith("data: {"))).toBe(0);
    await createServer(ada, gatehouse.sandbox.weatherUrl, { authType: "OAUTH" });
    const told = 'data: {"data":{"workspaceEvents":{"type":"SERVER_CREATED"}}}';
    await expect.poll(() => program.lines, { timeout: 30_000 }).toContain(told);
  },
);
