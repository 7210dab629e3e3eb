import { Button, Code } from "@mantine/core";
import type { CombinedError } from "urql";
import { readRequestId } from "../graphql/errors.ts";
import { describeError } from "../lib/describe-error.ts";
import { Notice } from "./notice.tsx";

/** One sentence, one button, and the request id under "Details". */
export function ErrorNotice({ error, onRetry }: { error: CombinedError; onRetry?: () => void }) {
  const requestId = readRequestId(error);
  return (
    <Notice
      tone="bad"
      role="alert"
      title={describeError(error)}
      actions={
        onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )
      }
    >
      {requestId && (
        <details>
          <summary>Details</summary>
          Request <Code>{requestId}</Code>
        </details>
      )}
    </Notice>
  );
}
