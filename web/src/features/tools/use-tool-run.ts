import { useState } from "react";
import { useMutation, type CombinedError } from "urql";
import type { ExecuteToolMutation } from "../../graphql/generated/graphql.ts";
import { announce } from "../../lib/announce.ts";
import { executeToolMutation } from "./execute-tool.ts";

export type ToolAnswer = ExecuteToolMutation["executeTool"];

export type ToolRun =
  | { step: "idle" }
  | { step: "running" }
  | { step: "confirming"; message: string; input: Record<string, unknown> }
  | { step: "answered"; answer: ToolAnswer }
  | { step: "failed"; error: CombinedError };

/** Runs a tool and keeps its last answer. A tool that asks first is run once the person agrees. */
export function useToolRun(serverId: string, toolName: string) {
  const [run, setRun] = useState<ToolRun>({ step: "idle" });
  const [, executeTool] = useMutation(executeToolMutation);

  async function start(input: Record<string, unknown>, confirmed = false): Promise<void> {
    setRun({ step: "running" });
    const { data, error } = await executeTool({
      input: { serverId, toolName, arguments: input, confirmed },
    });
    const answer = data?.executeTool;
    if (answer?.__typename === "ToolConfirmationRequired") {
      setRun({ step: "confirming", message: answer.message, input });
    } else if (answer) {
      setRun({ step: "answered", answer });
      announce(
        `${toolName}: ${answer.__typename === "ToolExecuted" ? "finished" : answer.message}`,
      );
    } else if (error) {
      setRun({ step: "failed", error });
    }
  }

  return {
    run,
    start: (input: Record<string, unknown>) => void start(input),
    confirm: () => {
      if (run.step === "confirming") void start(run.input, true);
    },
    dismiss: () => setRun({ step: "idle" }),
  };
}
