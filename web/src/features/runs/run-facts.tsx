import { Anchor } from "@mantine/core";
import { Link } from "react-router";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { formatBytes, formatDuration, formatInstant } from "../../lib/format.ts";
import { serverPath, toolPath } from "../../lib/paths.ts";
import { executionWords } from "../../lib/words.ts";
import { Facts } from "../../ui/facts.tsx";
import { StatusBadge } from "../../ui/status-badge.tsx";

const runFactsFragment = graphql(`
  fragment RunFacts_run on ToolExecution {
    id
    toolName
    status
    startedAt
    finishedAt
    durationMs
    argumentBytes
    resultBytes
    startedBy {
      id
      name
    }
    user {
      id
      name
    }
    server {
      id
      name
    }
  }
`);

/** Who ran what, when, on whose account, and what it came to. */
export function RunFacts({ run }: { run: FragmentType<typeof runFactsFragment> }) {
  const facts = readFragment(runFactsFragment, run);
  const { server, toolName } = facts;
  return (
    <Facts
      facts={[
        ["Status", <StatusBadge key="status" {...executionWords[facts.status]} />],
        [
          "Tool",
          server ? (
            <Anchor component={Link} to={toolPath(server.id, toolName)} inherit className="mono">
              {toolName}
            </Anchor>
          ) : (
            <span className="mono">{toolName}</span>
          ),
        ],
        [
          "Server",
          server ? (
            <Anchor component={Link} to={serverPath(server.id)} inherit>
              {server.name}
            </Anchor>
          ) : (
            "Deleted since"
          ),
        ],
        ["Run by", facts.startedBy?.name ?? "Somebody who is gone"],
        ["Account", facts.user ? `${facts.user.name}'s own` : "The workspace's"],
        ["Started", formatInstant(facts.startedAt)],
        ["Finished", facts.finishedAt ? formatInstant(facts.finishedAt) : "Not yet"],
        ["Duration", facts.durationMs == null ? "Not yet known" : formatDuration(facts.durationMs)],
        ["Arguments", facts.argumentBytes == null ? "Unknown" : formatBytes(facts.argumentBytes)],
        ["Result", facts.resultBytes == null ? "None" : formatBytes(facts.resultBytes)],
      ]}
    />
  );
}
