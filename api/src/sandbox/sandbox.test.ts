import { get } from "node:http";
import { expect, it } from "vitest";
import { startSandbox } from "./sandbox.ts";
import { connect, openMcp } from "./testing/test-client.ts";

it("closes although a stream is open", async () => {
  const world = await startSandbox({ port: 0 });
  const { weatherUrl: resource } = world;
  const { tokens } = await connect(world, { resource, scope: "weather:read" });
  const client = await openMcp(resource, tokens.access_token);
  await world.close();
  await expect(fetch(world.url)).rejects.toThrow();
  await client.close();
});

it("rejects when the port is taken", async () => {
  await using sandbox = await startSandbox({ port: 0 });
  const port = Number(new URL(sandbox.url).port);
  await expect(startSandbox({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  await expect(startSandbox({ port: 0, weatherPort: port })).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
});

it("listens on loopback alone", async () => {
  await expect(startSandbox({ host: "0.0.0.0", port: 0 })).rejects.toThrow("0.0.0.0");
});

it("answers only to its own name", async () => {
  await using sandbox = await startSandbox({ port: 0 });
  const status = await new Promise((resolve, reject) => {
    const headers = { host: "rebound.example" };
    get(sandbox.notesUrl, { headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).on("error", reject);
  });
  expect(status).toBe(421);
});
