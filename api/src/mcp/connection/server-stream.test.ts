import { describe, expect, it } from "vitest";
import { createServerStream, createServerStreams } from "./server-stream.ts";

/** An endless body that records how much of it was requested. */
function createEndless() {
  const taken = { bytes: 0, isCancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        // Stops a reader that never stops reading, which fails the test.
        if (taken.bytes > 10_000_000) return controller.error(new Error("It never stops."));
        taken.bytes += 10_000;
        controller.enqueue(new Uint8Array(10_000));
      },
      cancel() {
        taken.isCancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, taken };
}

const open = (response: Response) =>
  createServerStream(createServerStreams()).open(async () => response, "http://127.0.0.1/mcp");

describe("S10 an answer to the request for a standing stream that is none", () => {
  it.each([
    [500, "text/event-stream", 0],
    [405, "text/event-stream", 0],
    [500, "text/html", 100_000],
    [200, "application/json", 100_000],
  ])("HTTP %i of %s without end is let go of", async (status, contentType, most) => {
    const { body, taken } = createEndless();
    const headers = { "content-type": contentType };
    const answer = await open(new Response(body, { status, headers }));
    expect(answer.status).toBe(status);
    expect(await answer.text()).toBe("");
    expect(taken.isCancelled).toBe(true);
    expect(taken.bytes).toBeLessThanOrEqual(most);
  });

  it("is handed on where it is short", async () => {
    const headers = { "content-type": "application/json" };
    const answer = await open(new Response('{"error":1}', { status: 404, headers }));
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({ error: 1 });
  });

  it("a stream that is one goes on for as long as it likes", async () => {
    const text = ": hello\n\n".repeat(20_000);
    const headers = { "content-type": "text/event-stream" };
    expect(await (await open(new Response(text, { headers }))).text()).toBe(text);
  });
});
