import { Loader } from "@mantine/core";

/** A spinner for content that is being loaded. The role gives its name to screen readers: ARIA allows no name on an element without a role. */
export function Loading({ label }: { label: string }) {
  return <Loader size="sm" role="status" aria-label={label} />;
}
