import { Button, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { CreateToken } from "../../features/tokens/create-token.tsx";
import { TokenList } from "../../features/tokens/token-list.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { useWorkspace } from "../shell.tsx";

export function TokensPage() {
  const { id } = useWorkspace();
  const [creating, setCreating] = useState(false);
  return (
    <>
      <PageHeader
        title="API tokens"
        aside={
          <Button
            leftSection={<IconPlus size={16} aria-hidden />}
            onClick={() => setCreating(true)}
          >
            New token
          </Button>
        }
      >
        <Text c="dimmed" size="sm">
          For programs that act as you in this workspace.
        </Text>
      </PageHeader>
      <TokenList workspaceId={id} onCreate={() => setCreating(true)} />
      <CreateToken workspaceId={id} opened={creating} onClose={() => setCreating(false)} />
    </>
  );
}
