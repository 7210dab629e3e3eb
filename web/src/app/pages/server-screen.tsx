import { Anchor, Tabs, Text } from "@mantine/core";
import { lazy, Suspense } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import type { ConnectParts } from "../../features/connect/connect.tsx";
import { KeyButton } from "../../features/connect/key-button.tsx";
import { DeleteServer } from "../../features/servers/delete-server.tsx";
import { DisconnectButton } from "../../features/servers/disconnect-button.tsx";
import { ServerOverview } from "../../features/servers/server-overview.tsx";
import { ServerSettings } from "../../features/server-settings/server-settings.tsx";
import { ToolList } from "../../features/tools/tool-list.tsx";
import { readFragment } from "../../graphql/generated/fragment-masking.ts";
import type { ServerPageQuery } from "../../graphql/generated/graphql.ts";
import { serverStatusFragment } from "../../graphql/server-status.ts";
import { describeServer } from "../../lib/describe-server.ts";
import { diagnosePath } from "../../lib/paths.ts";
import { PageHeader } from "../../ui/page-header.tsx";
import { Section } from "../../ui/section.tsx";
import { StatusBadge } from "../../ui/status-badge.tsx";
import { useWorkspace } from "../shell.tsx";
import classes from "./server-screen.module.css";

const Activity = lazy(async () => ({
  default: (await import("../../features/activity/activity.tsx")).Activity,
}));

type ServerScreenProps = {
  server: NonNullable<ServerPageQuery["mcpServer"]>;
  manages: boolean;
  connect: ConnectParts;
};

/** One server: its account, its tools and, for those who manage it, its settings. */
export function ServerScreen({ server, manages, connect }: ServerScreenProps) {
  const [params, setParams] = useSearchParams();
  const navigate = useNavigate();
  const facts = readFragment(serverStatusFragment, server);
  const status = describeServer({
    enabled: facts.enabled,
    authType: facts.authType,
    oauthState: facts.oauthStatus.state,
    reason: facts.oauthStatus.reason,
    reachability: facts.reachability.state,
  });
  const { id: workspaceId, role } = useWorkspace();
  const tab = readTab(params.get("tab"), manages);

  return (
    <>
      <PageHeader
        title={server.name}
        back={{ to: "/", label: "Servers" }}
        aside={
          <>
            <StatusBadge {...status} />
            {!connect.banner && connect.button}
          </>
        }
      >
        <Text c="dimmed" className="mono" style={{ overflowWrap: "anywhere" }}>
          {server.url}
        </Text>
        {role !== "VIEWER" && (
          <Anchor component={Link} to={diagnosePath(server.url)} size="sm" w="fit-content">
            Diagnose this URL
          </Anchor>
        )}
      </PageHeader>
      {(connect.banner || connect.notice) && (
        <div className={classes["notice"]}>{connect.notice || connect.banner}</div>
      )}
      <Tabs
        value={tab}
        onChange={(next) =>
          setParams(next === null || next === "overview" ? {} : { tab: next }, { replace: true })
        }
      >
        <Tabs.List mb="lg">
          <Tabs.Tab value="overview">Overview</Tabs.Tab>
          <Tabs.Tab value="activity">Activity</Tabs.Tab>
          {manages && <Tabs.Tab value="settings">Settings</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="overview" className={classes["columns"]}>
          <ToolList server={server} connected={mayCall(facts)} />
          <div className={classes["side"]}>
            <Section
              title="Account"
              aside={
                facts.authType === "HEADERS" && facts.oauthStatus.state === "CONNECTED" ? (
                  <KeyButton server={server} manages={manages} />
                ) : (
                  <AccountAction server={facts} manages={manages} />
                )
              }
            >
              <ServerOverview server={server} />
            </Section>
            {connect.timeline && <Section title="Latest attempt">{connect.timeline}</Section>}
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="activity">
          {tab === "activity" && (
            <Suspense>
              <Activity workspaceId={workspaceId} serverId={facts.id} />
            </Suspense>
          )}
        </Tabs.Panel>
        {manages && (
          <Tabs.Panel value="settings">
            <Section title="Settings">
              <ServerSettings server={server} />
            </Section>
            <DeleteServer server={server} onDeleted={() => void navigate("/")} />
          </Tabs.Panel>
        )}
      </Tabs>
    </>
  );
}

function readTab(wanted: string | null, manages: boolean): string {
  if (wanted === "activity") return "activity";
  return manages && wanted === "settings" ? "settings" : "overview";
}

function mayCall({ authType, oauthStatus: { state } }: AccountFacts): boolean {
  // Whether a key is accepted is known only from calls.
  if (authType === "HEADERS") return true;
  return state === "CONNECTED" || state === "NOT_REQUIRED";
}

type AccountFacts = {
  id: string;
  authType: string;
  credentialScope: string;
  oauthStatus: { state: string };
};

function AccountAction({ server, manages }: { server: AccountFacts; manages: boolean }) {
  const { state } = server.oauthStatus;
  const shared = server.credentialScope === "WORKSPACE";
  if (server.authType !== "OAUTH") return null;
  if (state !== "CONNECTED" && state !== "REAUTH_REQUIRED") return null;
  if (shared && !manages) return null;
  return <DisconnectButton serverId={server.id} shared={shared} />;
}
