import { Text } from "@mantine/core";
import { useParams } from "react-router";
import { useQuery } from "urql";
import { Connect } from "../../features/connect/connect.tsx";
import { ToolHints } from "../../features/tools/tool-hints.tsx";
import { ToolRunner } from "../../features/tools/run/tool-runner.tsx";
import { readFragment } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { serverStatusFragment } from "../../graphql/server-status.ts";
import { serverPath } from "../../lib/paths.ts";
import { mayManage } from "../../lib/workspace.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { RowsSkeleton } from "../../ui/rows-skeleton.tsx";
import { StaleNotice } from "../../ui/stale-notice.tsx";
import { NotFound } from "../not-found.tsx";
import { useWorkspace } from "../shell.tsx";

const toolPageQuery = graphql(`
  query ToolPage($serverId: ID!, $toolName: String!) {
    mcpServer(id: $serverId) {
      id
      name
      ...ServerStatus_server
      tool(name: $toolName) {
        name
        description
        annotations
        ...ToolRunner_tool
      }
    }
  }
`);

export function ToolPage() {
  const { serverId = "", toolName = "" } = useParams();
  const { id: workspaceId, role } = useWorkspace();
  const [{ data, error, fetching }, reload] = useQuery({
    query: toolPageQuery,
    variables: { serverId, toolName },
  });
  if (error && !data) {
    return <ErrorNotice error={error} onRetry={() => reload({ requestPolicy: "network-only" })} />;
  }
  if (!data && fetching) return <RowsSkeleton rows={3} label="Loading the tool" />;
  const server = data?.mcpServer;
  if (!server)
    return <NotFound title="No such server" detail="It was deleted, or it is not yours to see." />;
  const { oauthStatus } = readFragment(serverStatusFragment, server);
  const { tool } = server;

  return (
    <Connect server={server} manages={mayManage(role)}>
      {({ banner, notice, button }) => (
        <>
          {error && (
            <StaleNotice error={error} onRetry={() => reload({ requestPolicy: "network-only" })} />
          )}
          <PageHeader
            title={toolName}
            back={{ to: serverPath(serverId), label: server.name }}
            aside={tool && <ToolHints annotations={tool.annotations} />}
          >
            {tool?.description && (
              <Text c="dimmed" maw={760}>
                {tool.description}
              </Text>
            )}
          </PageHeader>
          {tool ? (
            <ToolRunner
              key={`${serverId} ${toolName}`}
              workspaceId={workspaceId}
              serverId={serverId}
              oauthState={oauthStatus.state}
              tool={tool}
              reconnect={notice || banner}
              manages={mayManage(role)}
            />
          ) : (
            notice || banner || <MissingTool name={toolName} button={button} />
          )}
        </>
      )}
    </Connect>
  );
}

function MissingTool({ name, button }: { name: string; button: React.ReactNode }) {
  return (
    <>
      <Text mb="md">This account sees no tool named {name}.</Text>
      {button}
    </>
  );
}
