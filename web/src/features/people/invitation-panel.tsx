import { Button, Stack, Text } from "@mantine/core";
import { Link } from "react-router";
import type { InvitationPageQuery } from "../../graphql/generated/graphql.ts";
import { formatInstant } from "../../lib/format.ts";
import { invitePath } from "../../lib/paths.ts";
import { signInPath, signUpPath } from "../../lib/return-path.ts";
import { Facts } from "../../ui/facts.tsx";
import { AcceptInvitation } from "./accept-invitation.tsx";
import { adviseToAsk, faultWords } from "./invitation-words.ts";
import { roleWords } from "./role-words.ts";

type InvitationPanelProps = {
  token: string;
  invitation: InvitationPageQuery["invitation"];
  viewer: { name: string; email: string } | undefined;
  onAccepted: (workspaceId: string) => void;
  onRefused: () => void;
  onSwitchAccount: () => void;
};

/** What a link invites to, and the one thing to do about it. */
export function InvitationPanel(props: InvitationPanelProps) {
  const { token, invitation, viewer, onAccepted, onRefused, onSwitchAccount } = props;
  const { fault, isMember, workspaceName, invitedBy, reservedFor } = invitation;
  if (isMember)
    return (
      <AcceptInvitation
        token={token}
        label={`Open ${workspaceName ?? "it"}`}
        onAccepted={onAccepted}
        onRefused={onRefused}
      />
    );
  if (fault === "OTHER_ACCOUNT")
    return (
      <Stack gap="md">
        <Text size="sm">
          You are signed in as {viewer?.email}. The invitation is for {reservedFor}.
        </Text>
        <Button onClick={onSwitchAccount}>Use another account</Button>
      </Stack>
    );
  if (fault)
    return (
      <Stack gap="md">
        <Text size="sm">
          {faultWords[fault].detail} {adviseToAsk(invitedBy, workspaceName)}
        </Text>
        <Button component={Link} to="/" variant="default">
          Go to Gatehouse
        </Button>
      </Stack>
    );
  const path = invitePath(token);
  return (
    <Stack gap="lg">
      <InvitationFacts invitation={invitation} />
      {viewer ? (
        <AcceptInvitation
          token={token}
          label="Accept"
          onAccepted={onAccepted}
          onRefused={onRefused}
        />
      ) : (
        <Stack gap="sm">
          <Button component={Link} to={signInPath(path)}>
            Sign in to accept
          </Button>
          <Button component={Link} to={signUpPath(path)} variant="default">
            Create an account
          </Button>
        </Stack>
      )}
    </Stack>
  );
}

function InvitationFacts({ invitation }: Pick<InvitationPanelProps, "invitation">) {
  const { role, reservedFor, expiresAt } = invitation;
  return (
    <Facts
      facts={[
        [
          "Role",
          role && (
            <>
              {roleWords[role].label}
              <Text size="sm" c="dimmed">
                {roleWords[role].detail}
              </Text>
            </>
          ),
        ],
        ...(reservedFor ? [["For", reservedFor] as [string, string]] : []),
        ["Holds until", expiresAt && formatInstant(expiresAt)],
      ]}
    />
  );
}
