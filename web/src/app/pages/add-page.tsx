import { useNavigate, useSearchParams } from "react-router";
import { AddServerForm } from "../../features/add-server/add-server-form.tsx";
import {
  closeSignInPlace,
  handOver,
  openSignInPlace,
} from "../../features/connect/handed-window.ts";
import { serverPath } from "../../lib/paths.ts";
import { mayManage } from "../../lib/workspace.ts";
import { PageHeader } from "../../ui/page-header.tsx";
import { NotFound } from "../not-found.tsx";
import { useWorkspace } from "../shell.tsx";

export function AddPage() {
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const [params] = useSearchParams();
  if (!mayManage(workspace.role)) {
    return (
      <NotFound
        title="Adding servers is for admins"
        detail="Ask an admin of this workspace to add it."
      />
    );
  }
  return (
    <div style={{ maxWidth: 640 }}>
      <PageHeader title="Add a server" back={{ to: "/", label: "Servers" }} />
      <AddServerForm
        workspaceId={workspace.id}
        url={params.get("url") ?? ""}
        openSignIn={(needsPerson) => {
          const place = openSignInPlace("new", needsPerson);
          return { begin: (id) => handOver(id, place), abandon: () => closeSignInPlace(place) };
        }}
        onAdded={(id) => void navigate(serverPath(id))}
      />
    </div>
  );
}
