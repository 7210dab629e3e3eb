import { Runs } from "../../features/runs/runs.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { useWorkspace } from "../shell.tsx";

export function RunsPage() {
  const { id } = useWorkspace();
  return (
    <>
      <PageHeader title="Runs" />
      <Runs workspaceId={id} />
    </>
  );
}
