import { Badge, Group } from "@mantine/core";

/** What a server declares about its tool. It is the server's word, not a promise. */
export function ToolHints({ annotations }: { annotations: unknown }) {
  const hints = readHints(annotations);
  if (hints.length === 0) return null;
  return (
    <Group gap={6} wrap="nowrap">
      {hints.map(({ label, grave }) => (
        <Badge
          key={label}
          variant="default"
          size="sm"
          radius="sm"
          tt="none"
          fw={550}
          style={grave ? { color: "var(--gh-bad)" } : undefined}
        >
          {label}
        </Badge>
      ))}
    </Group>
  );
}

function readHints(annotations: unknown): { label: string; grave: boolean }[] {
  if (typeof annotations !== "object" || annotations === null) return [];
  const { readOnlyHint, destructiveHint } = annotations as Record<string, unknown>;
  if (readOnlyHint === true) return [{ label: "Read only", grave: false }];
  if (destructiveHint === true) return [{ label: "Destructive", grave: true }];
  return [];
}
