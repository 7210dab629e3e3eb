import { Group, Title } from "@mantine/core";
import type { ReactNode } from "react";

type SectionProps = { title: string; aside?: ReactNode; flush?: boolean; children: ReactNode };

/** A titled panel. `flush` lets rows run to its edges. */
export function Section({ title, aside, flush = false, children }: SectionProps) {
  return (
    <section className="panel" style={{ overflow: "hidden" }} aria-label={title}>
      <Group justify="space-between" px={20} pt={16} pb={flush ? 14 : 0} gap="sm" mih={44}>
        <Title order={2}>{title}</Title>
        {aside}
      </Group>
      <div
        style={flush ? { borderTop: "1px solid var(--gh-line)" } : { padding: "14px 20px 20px" }}
      >
        {children}
      </div>
    </section>
  );
}
