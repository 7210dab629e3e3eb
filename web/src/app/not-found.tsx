import { Button, Stack, Text } from "@mantine/core";
import { Link } from "react-router";
import { PageHeader } from "../ui/page-header.tsx";

type NotFoundProps = { title?: string; detail?: string };

/** What is not there, or not for this person: the two look the same. */
export function NotFound({
  title = "Nothing here",
  detail = "This address leads nowhere.",
}: NotFoundProps) {
  return (
    <Stack gap={0} align="flex-start">
      <PageHeader title={title}>
        <Text c="dimmed">{detail}</Text>
      </PageHeader>
      <Button component={Link} to="/" variant="default">
        To your servers
      </Button>
    </Stack>
  );
}
