import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { serverStatusFragment } from "../../graphql/server-status.ts";
import { describeServer } from "../../lib/describe-server.ts";
import { formatUrl } from "../../lib/format.ts";
import { serverPath } from "../../lib/paths.ts";
import { StatusBadge } from "../../ui/status-badge.tsx";
import { ServerMenu } from "./server-menu.tsx";
import classes from "./server-row.module.css";

const serverRowFragment = graphql(`
  fragment ServerRow_server on McpServer {
    id
    name
    url
  }
`);

export type RowOfServer = { id: string } & FragmentType<typeof serverRowFragment> &
  FragmentType<typeof serverStatusFragment>;

type ServerRowProps = {
  server: RowOfServer;
  manages: boolean;
  action?: ReactNode;
  notice?: ReactNode;
};

/** One server: what it is, how it is, and the one thing to do about it. */
export function ServerRow({ server, manages, action, notice }: ServerRowProps) {
  const { id, name, url } = readFragment(serverRowFragment, server);
  const { enabled, authType, oauthStatus, reachability } = readFragment(
    serverStatusFragment,
    server,
  );
  const status = describeServer({
    enabled,
    authType,
    oauthState: oauthStatus.state,
    reason: oauthStatus.reason,
    reachability: reachability.state,
  });
  return (
    <li className={classes["row"]} data-server={name}>
      <div className={classes["line"]}>
        <div className={classes["tile"]} aria-hidden>
          {name.charAt(0).toUpperCase()}
        </div>
        <div style={{ minWidth: 0 }}>
          <Link
            to={serverPath(id)}
            className={`plain truncate ${classes["name"]}`}
            style={{ display: "block" }}
          >
            {name}
          </Link>
          <Text c="dimmed" className="truncate mono" title={url}>
            {formatUrl(url)}
          </Text>
        </div>
        <div className={classes["status"]}>
          <StatusBadge {...status} />
        </div>
        <div className={classes["action"]}>{action}</div>
        <div className={classes["menu"]}>
          <ServerMenu server={{ id, name, enabled }} manages={manages} />
        </div>
      </div>
      {notice && <div className={classes["notice"]}>{notice}</div>}
    </li>
  );
}
