import { Button, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { LeaveDialog } from "../../features/people/leave-dialog.tsx";
import { describeOwnRole } from "../../features/people/role-words.ts";
import { DeleteWorkspace } from "../../features/workspace/delete-workspace.tsx";
import { NewToolSetting } from "../../features/workspace/new-tool-setting.tsx";
import { RenameWorkspace } from "../../features/workspace/rename-workspace.tsx";
import { mayManage } from "../../lib/workspace.ts";
import { PageHeader } from "../../ui/page-header.tsx";
import { Section } from "../../ui/section.tsx";
import { useWorkspace } from "../shell.tsx";

export function WorkspacePage() {
  const workspace = useWorkspace();
  const [leaving, setLeaving] = useState(false);
  return (
    <>
      <PageHeader title="Workspace">
        <Text c="dimmed" size="sm">
          Its name, its rules for new tools, your place in it, and its end.
        </Text>
      </PageHeader>
      <Stack gap={20}>
        <Section title="Name">
          {mayManage(workspace.role) ? (
            <RenameWorkspace key={workspace.id} workspace={workspace} />
          ) : (
            <Text size="sm">
              {workspace.name}. <span>An admin can rename it.</span>
            </Text>
          )}
        </Section>
        <Section title="New tools">
          <NewToolSetting workspace={workspace} manages={mayManage(workspace.role)} />
        </Section>
        <Section title="Your membership">
          <Text size="sm" c="dimmed" mb="md" maw={620}>
            {describeOwnRole(workspace.role)}
          </Text>
          <Button variant="default" onClick={() => setLeaving(true)}>
            Leave workspace
          </Button>
        </Section>
        {workspace.role === "OWNER" && (
          <Section title="Delete this workspace">
            <DeleteWorkspace workspace={workspace} />
          </Section>
        )}
      </Stack>
      <LeaveDialog workspace={workspace} opened={leaving} onClose={() => setLeaving(false)} />
    </>
  );
}
