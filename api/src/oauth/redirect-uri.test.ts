import { expect, it } from "vitest";
import { noteRedirectFault } from "./redirect-uri.ts";
import { createStepRecorder, type Step } from "./flow-steps.ts";
import { createVirtualTime } from "./testing/virtual-time.ts";

it.each([
  ["https://gatehouse.example.com/oauth/callback", true],
  ["http://localhost:4000/oauth/callback", true],
  ["http://127.0.0.1:4000/oauth/callback", true],
  ["http://[::1]:4000/oauth/callback", true],
  ["http://gatehouse.example.com/oauth/callback", false],
  ["http://192.168.1.2:4000/oauth/callback", false],
  ["http://localhost.example.com/oauth/callback", false],
])("MCP-AUTH-17 a redirect to %s: %s", (redirectUri, isFit) => {
  const taken: Step[] = [];
  const steps = createStepRecorder({
    onStep: (step) => taken.push(step),
    clock: createVirtualTime(),
  });
  expect(noteRedirectFault(redirectUri, steps) === null).toBe(isFit);
  expect(taken.map(({ outcome }) => outcome)).toEqual(isFit ? [] : ["FAILED"]);
});
