import { Connect } from "../../features/connect/connect.tsx";
import { Dashboard } from "../../features/dashboard/dashboard.tsx";
import { mayManage } from "../../lib/workspace.ts";
import { useWorkspace } from "../shell.tsx";

export function DashboardPage() {
  const { id, role } = useWorkspace();
  return (
    <Dashboard
      workspaceId={id}
      renderAction={({ server, user, isMine, state }) =>
        // Only a person can mend their own account, and only an admin the workspace's.
        (isMine || (user == null && mayManage(role))) &&
        state === "REAUTH_REQUIRED" && (
          <Connect server={server} manages={mayManage(role)}>
            {({ button, notice }) => notice || button}
          </Connect>
        )
      }
    />
  );
}
