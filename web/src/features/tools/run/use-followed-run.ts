import { useEffect } from "react";
import { useQuery, useSubscription } from "urql";
import { readFragment } from "../../../graphql/generated/fragment-masking.ts";
import type {
  ToolExecutionStatus,
  ToolRun_ExecutionFragment,
} from "../../../graphql/generated/graphql.ts";
import { toolRunFragment, toolRunQuery, toolRunSubscription } from "./run-operations.ts";

/** How often it is asked for beside the subscription: where no WebSocket gets through, the end is seen all the same. */
const askAgainMs = 5_000;

const under: ToolExecutionStatus[] = ["RUNNING", "WAITING_FOR_INPUT"];

export function isUnderWay(status: ToolExecutionStatus): boolean {
  return under.includes(status);
}

/** A run by its id, live until it is over; null before the first word of it. */
export function useFollowedRun(id: string | null): ToolRun_ExecutionFragment | null {
  const variables = { id: id ?? "" };
  const pause = id === null;
  const [update] = useSubscription({ query: toolRunSubscription, variables, pause });
  const [asked, ask] = useQuery({
    query: toolRunQuery,
    variables,
    pause,
    requestPolicy: "cache-and-network",
  });
  const found = [update.data?.toolExecutionUpdated, asked.data?.toolExecution]
    .map((each) => (each ? readFragment(toolRunFragment, each) : null))
    .filter((each) => each?.id === id);
  // An answer that was on its way when the end was told does not bring the run back to life.
  const run = found.find((each) => each && !isUnderWay(each.status)) ?? found[0] ?? null;
  const isOver = run !== null && !isUnderWay(run.status);

  useEffect(() => {
    if (id === null || isOver) return undefined;
    const timer = setInterval(() => ask({ requestPolicy: "network-only" }), askAgainMs);
    return () => clearInterval(timer);
  }, [id, isOver, ask]);

  return run;
}
