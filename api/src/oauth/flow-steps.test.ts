import { describe, expect, it } from "vitest";
import { createStepRecorder, type Step } from "./flow-steps.ts";
import { createVirtualTime } from "./testing/virtual-time.ts";

function setUp() {
  const time = createVirtualTime();
  const steps: Step[] = [];
  const recorder = createStepRecorder({ onStep: (step) => steps.push(step), clock: time });
  return { time, steps, recorder };
}

describe("createStepRecorder", () => {
  it("reports an exchange with its duration, status and verdict, and without its query", async () => {
    const { time, steps, recorder } = setUp();
    time.jump(1_000);
    const value = await recorder.record(
      "TOKEN_EXCHANGE",
      async () => {
        time.jump(30);
        return new Response("body", { status: 201 });
      },
      async (fetch) => {
        const response = await fetch("https://u:p@as.example/token?code=secret#x");
        time.jump(12.4);
        return await response.text();
      },
      () => ({ outcome: "FAILED", detail: "not so" }),
    );
    expect(value).toBe("body");
    expect(steps).toEqual([
      {
        kind: "TOKEN_EXCHANGE",
        outcome: "FAILED",
        url: "https://as.example/token",
        httpStatus: 201,
        durationMs: 42,
        detail: "not so",
        at: "2026-01-01T00:00:01.000Z",
      },
    ]);
  });

  it("reports each exchange; only the last is judged", async () => {
    const { steps, recorder } = setUp();
    const statuses = [307, 200];
    await recorder.record(
      "PROBE",
      async () => new Response("", { status: statuses.shift() ?? 500 }),
      async (fetch) => {
        await fetch("https://a.example/1");
        await fetch("https://a.example/2");
      },
      () => ({ outcome: "SKIPPED" }),
    );
    expect(steps.map(({ url, httpStatus, outcome }) => [url, httpStatus, outcome])).toEqual([
      ["https://a.example/1", 307, "SKIPPED"],
      ["https://a.example/2", 200, "SKIPPED"],
    ]);
  });

  it("tells one redirect that comes again and again once, and another one apart", async () => {
    const { time, steps, recorder } = setUp();
    const statuses = [200, 404, 307, 307, 307, 307];
    await recorder.record(
      "PROBE",
      async () => {
        time.jump(5);
        return new Response("", { status: statuses.shift() ?? 200 });
      },
      async (fetch) => {
        for (const path of ["1", "1", "1", "1?again", "1", "2", "2"])
          await fetch(`https://a.example/${path}`);
      },
      () => ({ outcome: "FAILED", detail: "so it ends" }),
    );
    expect(
      steps.map(({ url, httpStatus, outcome, durationMs, detail }) => [
        `${outcome} ${httpStatus} ${url}`,
        durationMs,
        detail,
      ]),
    ).toEqual([
      ["OK 200 https://a.example/1", 5, null],
      ["SKIPPED 404 https://a.example/1", 5, "Another method was tried after this."],
      ["SKIPPED 307 https://a.example/1", 15, "The address redirects. 3 requests were sent."],
      ["SKIPPED 307 https://a.example/2", 5, "The address redirects."],
      ["FAILED 200 https://a.example/2", 5, "so it ends"],
    ]);
  });

  it("tells a redirect after which nothing came", async () => {
    const { steps, recorder } = setUp();
    const answers = [
      async () => new Response("", { status: 307 }),
      () => Promise.reject(new TypeError("x")),
    ];
    const failing = recorder.record(
      "PROBE",
      async () => (await answers.shift()?.()) as Response,
      async (fetch) => {
        await fetch("https://a.example/1");
        await fetch("https://a.example/1");
      },
      () => ({ outcome: "OK" }),
    );
    await expect(failing).rejects.toThrow(TypeError);
    expect(steps).toMatchObject([
      { outcome: "SKIPPED", httpStatus: 307 },
      { outcome: "FAILED", httpStatus: null },
    ]);
  });

  it("C11 an exchange that fails is named, and says no more than how", async () => {
    const { steps, recorder } = setUp();
    const failing = recorder.record(
      "CLIENT_REGISTRATION",
      () => Promise.reject(new DOMException("https://a.example/?secret", "TimeoutError")),
      async (fetch) => await fetch("https://as.example/register"),
      () => ({ outcome: "OK" }),
    );
    await expect(failing).rejects.toThrow(DOMException);
    expect(steps).toMatchObject([
      {
        kind: "CLIENT_REGISTRATION",
        outcome: "FAILED",
        url: "https://as.example/register",
        httpStatus: null,
        detail: "no answer in time",
      },
    ]);
  });

  it("an exchange without an answer is FAILED, also when another is tried after it", async () => {
    const { steps, recorder } = setUp();
    const answers = [() => Promise.reject(new TypeError("x")), async () => new Response("")];
    await recorder.record(
      "PROBE",
      async () => (await (answers.shift() ?? answers[0])?.()) as Response,
      async (fetch) => {
        await fetch("https://a.example/1").catch(() => undefined);
        await fetch("https://a.example/2");
      },
      () => ({ outcome: "OK" }),
    );
    expect(steps).toMatchObject([
      { outcome: "FAILED", httpStatus: null, durationMs: 0, detail: "the request failed" },
      { outcome: "OK", httpStatus: 200 },
    ]);
  });

  it("notes what took no request", () => {
    const { steps, recorder } = setUp();
    recorder.note("CONSENT", "SKIPPED", "because", "https://a.example/x?y=z");
    recorder.note("CONSENT", "OK", "done");
    recorder.note("CONSENT", "OK", "long", "https://a.example/x", 1_500);
    expect(steps).toMatchObject([
      { url: "https://a.example/x", durationMs: null, detail: "because" },
      { url: null },
      { durationMs: 1_500, at: "2025-12-31T23:59:58.500Z" },
    ]);
  });
});
