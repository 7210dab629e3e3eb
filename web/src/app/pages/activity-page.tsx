import { Activity } from "../../features/activity/activity.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { useWorkspace } from "../shell.tsx";

export function ActivityPage() {
  const { id } = useWorkspace();
  return (
    <>
      <PageHeader title="Activity" />
      <Activity workspaceId={id} />
    </>
  );
}
