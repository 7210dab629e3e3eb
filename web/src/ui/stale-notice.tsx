import { Button } from "@mantine/core";
import { useEffect, useRef } from "react";
import type { CombinedError } from "urql";
import { describeError } from "../lib/describe-error.ts";
import { Notice } from "./notice.tsx";

const againMs = 5_000;

/**
 * Above what could not be brought up to date: the last good answer stays below. One transient failure
 * is no alarm, so it is calm, and tried again by itself.
 */
export function StaleNotice({ error, onRetry }: { error: CombinedError; onRetry: () => void }) {
  const retry = useRef(onRetry);
  useEffect(() => {
    retry.current = onRetry;
  });
  useEffect(() => {
    const again = () => retry.current();
    const timer = setInterval(again, againMs);
    window.addEventListener("online", again);
    return () => {
      clearInterval(timer);
      window.removeEventListener("online", again);
    };
  }, []);
  return (
    <div data-testid="stale-notice" style={{ marginBottom: 16 }}>
      <Notice
        tone="off"
        title="What you see may be old."
        actions={
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        }
      >
        {describeError(error)}
      </Notice>
    </div>
  );
}
