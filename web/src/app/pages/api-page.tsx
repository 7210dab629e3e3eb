import { Text } from "@mantine/core";
import { ApiGuide } from "../../features/api/api-guide.tsx";
import { PageHeader } from "../../ui/page-header.tsx";

export function ApiPage() {
  return (
    <div style={{ maxWidth: 760 }}>
      <PageHeader title="API">
        <Text c="dimmed" size="sm">
          All that this app does, a program can do: the app itself uses nothing else.
        </Text>
      </PageHeader>
      <ApiGuide origin={window.location.origin} />
    </div>
  );
}
