import { Button, Text } from "@mantine/core";
import { Link, useSearchParams } from "react-router";
import { Diagnose } from "../../features/diagnose/diagnose.tsx";
import { addPath } from "../../lib/paths.ts";
import { mayManage } from "../../lib/workspace.ts";
import { PageHeader } from "../../ui/page-header.tsx";
import { NotFound } from "../not-found.tsx";
import { useWorkspace } from "../shell.tsx";

export function DiagnosePage() {
  const { id, role } = useWorkspace();
  const [params, setParams] = useSearchParams();
  if (role === "VIEWER") {
    return (
      <NotFound
        title="Diagnosing is for members"
        detail="Ask an admin of this workspace for another role."
      />
    );
  }
  const url = params.get("url") ?? "";
  return (
    <div style={{ maxWidth: 760 }}>
      <PageHeader title="Diagnose a URL">
        <Text c="dimmed" size="sm">
          Walks through what would happen if somebody connected this MCP server now. Nothing is
          registered and nothing is stored.
        </Text>
      </PageHeader>
      <Diagnose
        workspaceId={id}
        url={url}
        onAsk={(next) => setParams({ url: next })}
        renderAction={(good) =>
          mayManage(role) && (
            <Button component={Link} to={addPath(good)} size="xs" variant="default">
              Add this server
            </Button>
          )
        }
      />
    </div>
  );
}
