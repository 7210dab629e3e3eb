import { Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { BrandMark } from "../../ui/brand-mark.tsx";
import classes from "./auth-card.module.css";

type AuthCardProps = { title: string; subtitle: string; children: ReactNode; footer: ReactNode };

/** The frame of the sign-in and sign-up forms. */
export function AuthCard({ title, subtitle, children, footer }: AuthCardProps) {
  return (
    <main className={classes["page"]}>
      <title>{`${title} · Gatehouse`}</title>
      <Stack gap="xl" w="100%" maw={400}>
        <Stack gap="md" align="center">
          <BrandMark size={44} />
          <Stack gap={4} align="center">
            <Title order={1} ta="center">
              {title}
            </Title>
            <Text c="dimmed" size="sm" ta="center">
              {subtitle}
            </Text>
          </Stack>
        </Stack>
        <div className={`panel ${classes["card"]}`}>{children}</div>
        <Text size="sm" c="dimmed" ta="center">
          {footer}
        </Text>
      </Stack>
    </main>
  );
}
