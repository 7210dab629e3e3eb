import { expect, it } from "vitest";
import { runSuite } from "../commands/run-suite.ts";

/** A check that takes so long. */
const runCheck = (script: string, budgetSeconds: number) =>
  runSuite(
    { name: "check", budgetSeconds, cwd: ".", command: ["node", "-e", script], kind: "check" },
    false,
    null,
  );

it("a suite within its budget passes without a warning", async () => {
  expect(await runCheck("", 60)).toMatchObject({ passed: 1, failed: 0, isOverBudget: false });
});

it("a suite over its budget passes with a warning", async () => {
  // Long enough that the start of Node alone does not reach three times the budget.
  expect(await runCheck("setTimeout(() => {}, 2_500)", 2)).toMatchObject({
    passed: 1,
    failed: 0,
    isOverBudget: true,
  });
});

it("a suite that reaches three times its budget is ended and fails", async () => {
  const { seconds, ...result } = await runCheck("setInterval(() => {}, 1_000)", 0.5);
  expect(result).toMatchObject({ passed: 0, failed: 1, isOverBudget: true });
  expect(seconds).toBeGreaterThanOrEqual(1.5);
});
