import { useParams } from "react-router";
import { useQuery } from "urql";
import { Connect } from "../../features/connect/connect.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import { mayManage } from "../../lib/workspace.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { RowsSkeleton } from "../../ui/rows-skeleton.tsx";
import { StaleNotice } from "../../ui/stale-notice.tsx";
import { NotFound } from "../not-found.tsx";
import { useWorkspace } from "../shell.tsx";
import { ServerScreen } from "./server-screen.tsx";

const serverPageQuery = graphql(`
  query ServerPage($id: ID!) {
    mcpServer(id: $id) {
      id
      name
      url
      deletedAt
      ...ServerStatus_server
      ...ServerSettings_server
      ...ToolList_server
    }
  }
`);

export function ServerPage() {
  const { serverId = "" } = useParams();
  const { role } = useWorkspace();
  const [{ data, error, fetching }, reload] = useQuery({
    query: serverPageQuery,
    variables: { id: serverId },
    requestPolicy: "cache-and-network",
  });
  if (error && !data) {
    return <ErrorNotice error={error} onRetry={() => reload({ requestPolicy: "network-only" })} />;
  }
  if (!data && fetching) return <RowsSkeleton rows={4} label="Loading the server" />;
  const server = data?.mcpServer;
  if (!server || server.deletedAt)
    return <NotFound title="No such server" detail="It was deleted, or it is not yours to see." />;
  return (
    <>
      {error && (
        <StaleNotice error={error} onRetry={() => reload({ requestPolicy: "network-only" })} />
      )}
      <Connect key={server.id} server={server} size="sm" manages={mayManage(role)}>
        {(connect) => <ServerScreen server={server} manages={mayManage(role)} connect={connect} />}
      </Connect>
    </>
  );
}
