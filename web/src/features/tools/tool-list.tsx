import { Button, Text, TextInput } from "@mantine/core";
import { IconChevronRight, IconRefresh, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";
import { useMutation } from "urql";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { toolPath } from "../../lib/paths.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { Section } from "../../ui/section.tsx";
import { ToolHints } from "./tool-hints.tsx";
import { ToolPolicyBadge } from "./tool-policy-badge.tsx";
import classes from "./tool-list.module.css";

const toolListFragment = graphql(`
  fragment ToolList_server on McpServer {
    id
    tools(first: 100) {
      nodes {
        name
        title
        description
        annotations
        policy {
          kind
          needsReview
        }
      }
      totalCount
    }
  }
`);

const refreshToolsMutation = graphql(`
  mutation RefreshTools($serverId: ID!) {
    refreshTools(serverId: $serverId) {
      id
      ...ServerStatus_server
      ...ToolList_server
    }
  }
`);

const searchFrom = 6;

type ToolListProps = {
  server: FragmentType<typeof toolListFragment>;
  /** Without an account there are no tools to ask for. */
  connected: boolean;
};

export function ToolList({ server, connected }: ToolListProps) {
  const { id, tools } = readFragment(toolListFragment, server);
  const [search, setSearch] = useState("");
  const [{ fetching, error }, refreshTools] = useMutation(refreshToolsMutation);
  const wanted = search.trim().toLowerCase();
  const shown = tools.nodes.filter((tool) =>
    `${tool.name} ${tool.title ?? ""} ${tool.description ?? ""}`.toLowerCase().includes(wanted),
  );
  return (
    <Section
      flush
      title={tools.totalCount > 0 ? `Tools (${tools.totalCount})` : "Tools"}
      aside={
        connected && (
          <Button
            size="xs"
            variant="subtle"
            leftSection={<IconRefresh size={14} aria-hidden />}
            loading={fetching}
            onClick={() => void refreshTools({ serverId: id })}
          >
            Read again
          </Button>
        )
      }
    >
      {error && (
        <div className={classes["padded"]}>
          <ErrorNotice error={error} onRetry={() => void refreshTools({ serverId: id })} />
        </div>
      )}
      {tools.totalCount >= searchFrom && (
        <div className={classes["padded"]}>
          <TextInput
            aria-label="Search tools"
            placeholder="Search tools"
            data-search
            leftSection={<IconSearch size={16} aria-hidden />}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
          />
        </div>
      )}
      {shown.length === 0 ? (
        <Text c="dimmed" size="sm" className={classes["nothing"]}>
          {describeNothing(connected, tools.totalCount)}
        </Text>
      ) : (
        <ul className={`rows ${classes["list"]}`}>
          {shown.map((tool) => (
            <li key={tool.name}>
              <Link to={toolPath(id, tool.name)} className={classes["tool"]}>
                <div className={classes["words"]}>
                  <div className={classes["title"]}>
                    <span className="mono">{tool.name}</span>
                    <ToolHints annotations={tool.annotations} />
                    <ToolPolicyBadge policy={tool.policy} />
                  </div>
                  <Text c="dimmed" size="sm" lineClamp={2}>
                    {tool.description ?? tool.title}
                  </Text>
                </div>
                <IconChevronRight size={16} aria-hidden style={{ flex: "none", opacity: 0.6 }} />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function describeNothing(connected: boolean, total: number): string {
  if (total > 0) return "No tool fits.";
  return connected ? "No tools have been read yet." : "Connect an account to see the tools.";
}
