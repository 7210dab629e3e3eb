import { Button, Loader } from "@mantine/core";
import { lazy, Suspense } from "react";
import { Navigate, Outlet, useLocation, useOutletContext, Link } from "react-router";
import { useQuery } from "urql";
import { LiveIndicator } from "../features/live/live-indicator.tsx";
import { UserMenu } from "../features/session/user-menu.tsx";
import { signInPath } from "../lib/return-path.ts";
import type { CurrentWorkspace } from "../lib/workspace.ts";
import { BrandMark } from "../ui/brand-mark.tsx";
import { ErrorNotice } from "../ui/error-notice.tsx";
import { LiveRegion } from "../ui/live-region.tsx";
import { ThemeToggle } from "../ui/theme-toggle.tsx";
import { sessionQuery } from "./session-query.ts";
import classes from "./shell.module.css";

const Questions = lazy(async () => ({
  default: (await import("../features/tools/questions.tsx")).Questions,
}));

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
  const workspace = viewer.workspaces.nodes[0];
  if (!workspace) return <NoWorkspace user={viewer.user} />;

  const current: CurrentWorkspace = {
    id: workspace.id,
    name: workspace.name,
    role: workspace.viewerRole,
  };
  return (
    <>
      <a href="#content" className="skip-link">
        Skip to content
      </a>
      <header className={classes["header"]}>
        <div className={classes["bar"]}>
          <Link to="/" className={`plain ${classes["brand"]}`} aria-label="Gatehouse">
            <BrandMark size={26} />
            <span className={classes["product"]}>Gatehouse</span>
          </Link>
          <span className={classes["slash"]} aria-hidden>
            /
          </span>
          <span className={`truncate ${classes["workspace"]}`}>{workspace.name}</span>
          <div className={classes["end"]}>
            <LiveIndicator workspaceId={workspace.id} eventCursor={workspace.eventCursor} />
            <ThemeToggle />
            <UserMenu user={viewer.user} />
          </div>
        </div>
      </header>
      <main id="content" tabIndex={-1} className={classes["content"]}>
        <Suspense>
          <Questions workspaceId={workspace.id} eventCursor={workspace.eventCursor} />
        </Suspense>
        <Suspense>
          <Outlet context={current} />
        </Suspense>
      </main>
      <LiveRegion />
    </>
  );
}

/** The workspace of the screen. */
export function useWorkspace(): CurrentWorkspace {
  return useOutletContext<CurrentWorkspace>();
}

function Waiting() {
  return (
    <main className={classes["waiting"]}>
      <Loader size="sm" aria-label="Loading" />
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
