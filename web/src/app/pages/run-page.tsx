import { useParams } from "react-router";
import { useQuery, useSubscription } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { RowsSkeleton } from "../../ui/rows-skeleton.tsx";
import { NotFound } from "../not-found.tsx";
import { RunScreen } from "./run-screen.tsx";

const runPageQuery = graphql(`
  query RunPage($id: ID!) {
    viewer {
      user {
        id
      }
    }
    toolExecution(id: $id) {
      id
      finishedAt
      ...RunScreen_run
    }
  }
`);

const runUpdatedSubscription = graphql(`
  subscription RunUpdated($id: ID!) {
    toolExecutionUpdated(id: $id) {
      id
      finishedAt
      ...RunScreen_run
    }
  }
`);

export function RunPage() {
  const { runId = "" } = useParams();
  const [{ data, error, fetching }, reload] = useQuery({
    query: runPageQuery,
    variables: { id: runId },
    requestPolicy: "cache-and-network",
  });
  const run = data?.toolExecution;
  // While it runs: what comes is the run as it is now: the cache takes it, and the screen with it.
  useSubscription({
    query: runUpdatedSubscription,
    variables: { id: runId },
    pause: !run || run.finishedAt != null,
  });
  if (error && !data) {
    return <ErrorNotice error={error} onRetry={() => reload({ requestPolicy: "network-only" })} />;
  }
  if (!data && fetching) return <RowsSkeleton rows={4} label="Loading the run" />;
  if (!run)
    return (
      <NotFound
        title="No such run"
        detail="It is older than 90 days, or it is not yours to see: a run is for the person who ran it, and for admins."
      />
    );
  return <RunScreen run={run} viewerId={data.viewer?.user.id ?? null} />;
}
