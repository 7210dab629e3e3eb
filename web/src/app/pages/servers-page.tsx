import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { Link } from "react-router";
import { Connect } from "../../features/connect/connect.tsx";
import { EmptyServers } from "../../features/servers/empty-servers.tsx";
import { ServerList } from "../../features/servers/server-list.tsx";
import { ServerRow } from "../../features/servers/server-row.tsx";
import { serverPath } from "../../lib/paths.ts";
import { mayManage } from "../../lib/workspace.ts";
import { PageHeader } from "../../ui/page-header.tsx";
import { useWorkspace } from "../shell.tsx";

export function ServersPage() {
  const workspace = useWorkspace();
  const manages = mayManage(workspace.role);
  return (
    <>
      <PageHeader
        title="Servers"
        aside={
          manages && (
            <>
              <Button component={Link} to="/import" variant="default">
                Import or export
              </Button>
              <Button component={Link} to="/add" leftSection={<IconPlus size={16} aria-hidden />}>
                Add server
              </Button>
            </>
          )
        }
      />
      <ServerList
        workspaceId={workspace.id}
        empty={<EmptyServers workspaceId={workspace.id} mayAdd={manages} />}
        renderRow={(server) => (
          <Connect key={server.id} server={server} manages={manages}>
            {({ button, notice }) => (
              <ServerRow
                server={server}
                manages={manages}
                action={button || (!notice && <OpenButton id={server.id} />)}
                notice={notice}
              />
            )}
          </Connect>
        )}
      />
    </>
  );
}

function OpenButton({ id }: { id: string }) {
  return (
    <Button component={Link} to={serverPath(id)} size="xs" variant="default">
      Tools
    </Button>
  );
}
