import { Suspense, useState } from "react";
import { useClient } from "urql";
import { loadServers } from "../../features/transfer/load-servers.ts";
import { Transfer } from "../../features/transfer/transfer.tsx";
import { mayManage } from "../../lib/workspace.ts";
import { PageHeader } from "../../ui/page-header.tsx";
import { RowsSkeleton } from "../../ui/rows-skeleton.tsx";
import { NotFound } from "../not-found.tsx";
import { useWorkspace } from "../shell.tsx";

export function ImportPage() {
  const { id, role } = useWorkspace();
  const client = useClient();
  const [loading, setLoading] = useState(() => loadServers(client, id));
  if (!mayManage(role)) {
    return (
      <NotFound
        title="Adding servers is for admins"
        detail="Ask an admin of this workspace to add them."
      />
    );
  }
  return (
    <>
      <PageHeader title="Import and export" back={{ to: "/", label: "Servers" }} />
      <Suspense fallback={<RowsSkeleton rows={3} label="Loading servers" />}>
        <Transfer
          workspaceId={id}
          loading={loading}
          onReload={() => setLoading(loadServers(client, id))}
        />
      </Suspense>
    </>
  );
}
