import { expect, it } from "vitest";
import { findProtectedResource } from "./protected-resource.ts";
import { createStepRecorder } from "./flow-steps.ts";

it("C11 does not wait for a document from a server that answers every GET with an endless stream", async () => {
  let cancelled = 0;
  const endless = async () =>
    new Response(new ReadableStream({ cancel: () => void cancelled++ }), {
      headers: { "content-type": "text/event-stream" },
    });
  const found = await findProtectedResource({
    serverUrl: new URL("https://mcp.example/mcp"),
    challengedUrl: null,
    fetch: endless,
    steps: createStepRecorder({
      onStep: () => undefined,
      clock: { monotonicMs: () => 0, now: () => new Date(0) },
    }),
  });
  expect(found.kind).toBe("none");
  expect(cancelled).toBeGreaterThan(0);
});
