import { useEffect, useState } from "react";
import { useMutation, type CombinedError } from "urql";
import { readFragment } from "../../../graphql/generated/fragment-masking.ts";
import type {
  ExecuteToolMutation,
  ToolRun_ExecutionFragment,
} from "../../../graphql/generated/graphql.ts";
import { announce } from "../../../lib/announce.ts";
import { executionWords } from "../../../lib/words.ts";
import { executeToolMutation } from "./execute-tool.ts";
import { toolRunFragment } from "./run-operations.ts";
import { isUnderWay, useFollowedRun } from "./use-followed-run.ts";

type Answer = NonNullable<ExecuteToolMutation["executeTool"]>;
/** Why nothing was run. */
export type ToolRefusal = Exclude<Answer, { __typename: "ToolExecuted" | "ToolTimedOut" }>;

export type ToolRun =
  | { step: "idle" }
  /** `execution` is null until the server has taken it. */
  | { step: "running"; execution: ToolRun_ExecutionFragment | null }
  | { step: "confirming"; message: string; input: Record<string, unknown> }
  | { step: "refused"; answer: ToolRefusal }
  | { step: "over"; execution: ToolRun_ExecutionFragment }
  | { step: "failed"; error: CombinedError };

/**
 * Runs a tool and follows it to its end. It is not waited for with one long request: progress shows, it can be
 * cancelled, and a connection that breaks meanwhile loses nothing. A tool that asks first is run once the person agrees.
 *
 * @param earlierId a run from before the page was opened, shown until another begins here
 */
export function useToolRun(serverId: string, toolName: string, earlierId: string | null) {
  const [begun, setRun] = useState<ToolRun>({ step: "idle" });
  const [, executeTool] = useMutation(executeToolMutation);
  const [earlier, setEarlier] = useState<string | null>(null);
  // The one of when the page opened: it does not change under the reader.
  if (earlier === null && earlierId !== null) setEarlier(earlierId);
  const isEarlier = begun.step === "idle" && earlier !== null;
  const begunId = begun.step === "running" ? (begun.execution?.id ?? null) : null;
  const followed = useFollowedRun(isEarlier ? earlier : begunId);
  const run = followed ? describeRun(followed) : begun;
  const isOver = run.step === "over";
  const said =
    run.step === "over" && !isEarlier ? executionWords[run.execution.status].label : null;

  useEffect(() => {
    if (said) announce(`${toolName}: ${said}`);
  }, [said, toolName]);

  // The end stays, whatever the cache hears of the run later.
  useEffect(() => {
    if (isOver && !isEarlier && followed) setRun(describeRun(followed));
  }, [isOver, isEarlier, followed]);

  async function start(input: Record<string, unknown>, confirmed = false): Promise<void> {
    setRun({ step: "running", execution: null });
    const { data, error } = await executeTool({
      input: { serverId, toolName, arguments: input, confirmed, wait: false },
    });
    const answer = data?.executeTool;
    if (answer?.__typename === "ToolExecuted" || answer?.__typename === "ToolTimedOut") {
      setRun(describeRun(readFragment(toolRunFragment, answer.execution)));
    } else if (answer?.__typename === "ToolConfirmationRequired") {
      setRun({ step: "confirming", message: answer.message, input });
    } else if (answer) {
      setRun({ step: "refused", answer });
      announce(`${toolName}: ${answer.message}`);
    } else if (error) {
      setRun({ step: "failed", error });
    }
  }

  return {
    run,
    /** It was begun before the page was opened. */
    isEarlier: isEarlier && followed !== null,
    start: (input: Record<string, unknown>) => void start(input),
    confirm: () => {
      if (run.step === "confirming") void start(run.input, true);
    },
    dismiss: () => setRun({ step: "idle" }),
  };
}

function describeRun(execution: ToolRun_ExecutionFragment): ToolRun {
  return { step: isUnderWay(execution.status) ? "running" : "over", execution };
}
