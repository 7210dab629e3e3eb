import { Anchor, Group, Stack, Title } from "@mantine/core";
import { IconChevronLeft } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "react-router";

type PageHeaderProps = {
  title: string;
  back?: { to: string; label: string };
  aside?: ReactNode;
  children?: ReactNode;
};

/** A screen's title, the way back and its main actions. Sets the document's title too. */
export function PageHeader({ title, back, aside, children }: PageHeaderProps) {
  return (
    <Stack gap={6} mb="lg">
      <title>{`${title} · Gatehouse`}</title>
      {back && (
        <Anchor component={Link} to={back.to} size="sm" w="fit-content">
          <Group gap={2} wrap="nowrap">
            <IconChevronLeft size={16} aria-hidden />
            {back.label}
          </Group>
        </Anchor>
      )}
      <Group justify="space-between" align="center" gap="sm" mih={36}>
        <Title order={1} style={{ overflowWrap: "anywhere", minWidth: 0 }}>
          {title}
        </Title>
        {aside && <Group gap="xs">{aside}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
