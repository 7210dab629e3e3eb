import { Button } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { Navigate, Outlet, useLocation, useNavigate, useOutletContext } from "react-router";
import { useQuery } from "urql";
import { LiveIndicator } from "../features/live/live-indicator.tsx";
import { StaleBanner } from "../features/live/stale-banner.tsx";
import { UserMenu } from "../features/session/user-menu.tsx";
import type { SessionQuery } from "../graphql/generated/graphql.ts";
import { signInPath } from "../lib/return-path.ts";
import type { CurrentWorkspace } from "../lib/workspace.ts";
import { ErrorNotice } from "../ui/error-notice.tsx";
import { LiveRegion } from "../ui/live-region.tsx";
import { Loading } from "../ui/loading.tsx";
import { CommandCenter } from "./command-center.tsx";
import { Navigation } from "./navigation.tsx";
import { sessionQuery } from "./session-query.ts";
import { ShellHeader } from "./shell-header.tsx";
import classes from "./shell.module.css";
import { useChosenWorkspace } from "./use-chosen-workspace.ts";
import { WorkspaceSwitcher } from "./workspace-switcher.tsx";

const Questions = lazy(async () => ({
  default: (await import("../features/tools/elicitation/questions.tsx")).Questions,
}));
const NavDrawer = lazy(async () => ({ default: (await import("./nav-drawer.tsx")).NavDrawer }));

/** The frame of every signed-in screen. Nobody signed in: off to the sign-in page, and back here afterwards. */
export function Shell() {
  const location = useLocation();
  const [{ data, error, fetching }, reload] = useQuery({ query: sessionQuery });
  if (fetching && !data) return <Waiting />;
  if (error && !data) {
    return (
      <main className={classes["content"]}>
        <ErrorNotice error={error} onRetry={() => reload({ requestPolicy: "network-only" })} />
      </main>
    );
  }
  const viewer = data?.viewer;
  if (!viewer) return <Navigate to={signInPath(location.pathname + location.search)} replace />;
  return <Frame viewer={viewer} />;
}

/** The workspace of the screen. */
export function useWorkspace(): CurrentWorkspace {
  return useOutletContext<CurrentWorkspace>();
}

function Frame({ viewer }: { viewer: NonNullable<SessionQuery["viewer"]> }) {
  const navigate = useNavigate();
  const workspaces = viewer.workspaces.nodes;
  const [workspace, choose] = useChosenWorkspace(workspaces);
  const [menu, setMenu] = useState<"never" | "open" | "closed">("never");
  const [asked, setAsked] = useState(0);
  const ask = () => setAsked((times) => times + 1);
  if (!workspace) return <NoWorkspace user={viewer.user} />;

  const { id, name, viewerRole, newToolPolicy, eventCursor } = workspace;
  const current: CurrentWorkspace = { id, name, role: viewerRole, newToolPolicy };
  return (
    <>
      <a href="#content" className="skip-link">
        Skip to content
      </a>
      <ShellHeader
        workspace={
          <WorkspaceSwitcher
            workspaces={workspaces}
            current={current}
            // What is open belongs to the other one.
            onChoose={(next) => (choose(next), void navigate("/"))}
          />
        }
        live={<LiveIndicator key={id} workspaceId={id} eventCursor={eventCursor} />}
        account={<UserMenu user={viewer.user} />}
        onMenu={() => setMenu("open")}
        onSearch={ask}
      />
      <div className={classes["frame"]}>
        <div className={classes["side"]}>
          <Navigation />
        </div>
        <main id="content" tabIndex={-1} className={classes["content"]}>
          <Suspense>
            <Questions key={id} workspaceId={id} eventCursor={eventCursor} />
          </Suspense>
          <Suspense>
            <Outlet key={id} context={current} />
          </Suspense>
        </main>
      </div>
      {menu !== "never" && (
        <Suspense>
          <NavDrawer opened={menu === "open"} onClose={() => setMenu("closed")} />
        </Suspense>
      )}
      <CommandCenter workspace={current} asked={asked} onAsk={ask} />
      <StaleBanner />
      <LiveRegion />
    </>
  );
}

function Waiting() {
  return (
    <main className={classes["waiting"]}>
      <Loading label="Loading" />
    </main>
  );
}

function NoWorkspace({ user }: { user: { name: string; email: string } }) {
  return (
    <main className={classes["waiting"]}>
      <p>{user.name}, you are in no workspace at present. Ask to be invited.</p>
      <Button component="a" href="/sign-in" variant="default">
        Use another account
      </Button>
    </main>
  );
}
