import { Text } from "@mantine/core";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { FlowTimeline_FlowFragment } from "../../graphql/generated/graphql.ts";
import { formatDuration, formatUrl } from "../../lib/format.ts";
import { outcomeWords, stepWords } from "../../lib/words.ts";
import { ScopeSuggestion } from "./scope-suggestion.tsx";
import { StatusIcon } from "../../ui/status-icon.tsx";
import classes from "./flow-timeline.module.css";

export const flowTimelineFragment = graphql(`
  fragment FlowTimeline_flow on OAuthFlow {
    id
    status
    startedAt
    suggestedScopes
    server {
      id
    }
    steps {
      kind
      outcome
      url
      httpStatus
      durationMs
      detail
      at
    }
  }
`);

/** Every step that an attempt really took, with where it went and how long it lasted. */
export function FlowTimeline({ flow }: { flow: FragmentType<typeof flowTimelineFragment> }) {
  const { steps, status, suggestedScopes, server } = readFragment(flowTimelineFragment, flow);
  return (
    <>
      {server && suggestedScopes.length > 0 && (
        <ScopeSuggestion serverId={server.id} scopes={suggestedScopes} />
      )}
      <StepList steps={steps} isPending={status === "PENDING"} />
    </>
  );
}

type StepListProps = {
  steps: FlowTimeline_FlowFragment["steps"];
  isPending: boolean;
};

function StepList({ steps, isPending }: StepListProps) {
  return (
    <ol className={classes["steps"]}>
      {steps.map((step, index) => (
        <li key={`${step.at}-${index}`} className={classes["step"]}>
          <StatusIcon tone={outcomeWords[step.outcome].tone} size={16} />
          <div className={classes["body"]}>
            <div className={classes["line"]}>
              <Text span size="sm" fw={550}>
                {stepWords[step.kind]}
              </Text>
              <Text span size="xs" c="dimmed">
                {[
                  step.outcome === "OK" ? null : outcomeWords[step.outcome].label,
                  step.httpStatus ? `HTTP ${step.httpStatus}` : null,
                  step.durationMs == null || step.outcome === "SKIPPED"
                    ? null
                    : formatDuration(step.durationMs),
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </Text>
            </div>
            {step.url && (
              <Text size="xs" c="dimmed" className="truncate mono" title={step.url}>
                {formatUrl(step.url)}
              </Text>
            )}
            {step.detail && (
              <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
                {step.detail}
              </Text>
            )}
          </div>
        </li>
      ))}
      {isPending && (
        <li className={classes["step"]}>
          <StatusIcon tone="busy" size={16} />
          <Text size="sm">Waiting for your consent</Text>
        </li>
      )}
    </ol>
  );
}
