import { useEffect } from "react";
import { useSearchParams } from "react-router";
import { useQuery } from "urql";
import { returnedFlowQuery } from "./operations.ts";
import type { ConnectEvent } from "./popup-machine.ts";

/** After "Continue in this tab" the address names the attempt: its failure is shown, and the name taken out again. */
export function useReturnedFlow(serverId: string, dispatch: (event: ConnectEvent) => void): void {
  const [params, setParams] = useSearchParams();
  const id = params.get("flow");
  const [{ data, error }] = useQuery({
    query: returnedFlowQuery,
    variables: { id: id ?? "" },
    pause: !id,
    requestPolicy: "network-only",
  });
  const answered = data !== undefined || error !== undefined;
  const flow = data?.oauthFlow;
  useEffect(() => {
    if (!id || !answered) return;
    if (flow?.server?.id === serverId) {
      dispatch({ type: "returned", status: flow.status, error: flow.error ?? null });
    }
    setParams(
      (present) => {
        present.delete("flow");
        return present;
      },
      { replace: true },
    );
  }, [id, answered, flow, serverId, dispatch, setParams]);
}
