import { Button, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { CreateEndpoint } from "../../features/webhooks/create-endpoint.tsx";
import { EndpointList } from "../../features/webhooks/endpoint-list.tsx";
import { mayManage } from "../../lib/workspace.ts";
import { PageHeader } from "../../ui/page-header.tsx";
import { NotFound } from "../not-found.tsx";
import { useWorkspace } from "../shell.tsx";
import { WebhookDetail } from "./webhook-detail.tsx";

export function WebhooksPage() {
  const { role, id } = useWorkspace();
  const navigate = useNavigate();
  const [params] = useSearchParams();
  const [creating, setCreating] = useState(false);
  if (!mayManage(role)) {
    return (
      <NotFound
        title="Webhooks are for admins"
        detail="They carry everybody's events, so only an admin of this workspace sees them."
      />
    );
  }
  const endpointId = params.get("endpoint");
  if (endpointId) {
    return (
      <WebhookDetail
        key={endpointId}
        endpointId={endpointId}
        onDeleted={() => void navigate("/webhooks")}
      />
    );
  }
  return (
    <>
      <PageHeader
        title="Webhooks"
        aside={
          <Button
            leftSection={<IconPlus size={16} aria-hidden />}
            onClick={() => setCreating(true)}
          >
            New webhook
          </Button>
        }
      >
        <Text c="dimmed" size="sm">
          Addresses that are told about this workspace's events.
        </Text>
      </PageHeader>
      <EndpointList workspaceId={id} onCreate={() => setCreating(true)} />
      <CreateEndpoint workspaceId={id} opened={creating} onClose={() => setCreating(false)} />
    </>
  );
}
