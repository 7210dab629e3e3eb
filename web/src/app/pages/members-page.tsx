import { Button, Text } from "@mantine/core";
import { IconUserPlus } from "@tabler/icons-react";
import { useState } from "react";
import { InvitationList } from "../../features/people/invitation-list.tsx";
import { InviteDialog } from "../../features/people/invite-dialog.tsx";
import { MemberList } from "../../features/people/member-list.tsx";
import classes from "../../features/people/people.module.css";
import { mayManage } from "../../lib/workspace.ts";
import { PageHeader } from "../../ui/page-header.tsx";
import { useWorkspace } from "../shell.tsx";

export function MembersPage() {
  const workspace = useWorkspace();
  const [inviting, setInviting] = useState(false);
  const manages = mayManage(workspace.role);
  return (
    <>
      <PageHeader
        title="Members"
        aside={
          manages && (
            <Button
              leftSection={<IconUserPlus size={16} aria-hidden />}
              onClick={() => setInviting(true)}
            >
              Invite
            </Button>
          )
        }
      >
        <Text c="dimmed" size="sm">
          Who is in {workspace.name}, and what they may do.
        </Text>
      </PageHeader>
      <div className={classes["sections"]}>
        <MemberList workspace={workspace} />
        {manages && <InvitationList workspaceId={workspace.id} />}
      </div>
      <InviteDialog workspace={workspace} opened={inviting} onClose={() => setInviting(false)} />
    </>
  );
}
