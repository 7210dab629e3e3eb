import { use } from "react";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { ExportServers } from "./export-servers.tsx";
import { ImportServers } from "./import-servers.tsx";
import type { LoadedServers } from "./load-servers.ts";
import classes from "./transfer.module.css";

type TransferProps = {
  workspaceId: string;
  loading: Promise<LoadedServers>;
  onReload: () => void;
};

/** Into the workspace on one side, out of it on the other. */
export function Transfer({ workspaceId, loading, onReload }: TransferProps) {
  const loaded = use(loading);
  if (!loaded.ok) return loaded.error && <ErrorNotice error={loaded.error} onRetry={onReload} />;
  return (
    <div className={classes["columns"]}>
      <ImportServers workspaceId={workspaceId} present={loaded.servers} onAgain={onReload} />
      <ExportServers servers={loaded.servers} />
    </div>
  );
}
