import { Anchor } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useParams } from "react-router";
import { useQuery } from "urql";
import { InvitationPanel } from "../../features/people/invitation-panel.tsx";
import { faultWords } from "../../features/people/invitation-words.ts";
import { nameRole } from "../../features/people/role-words.ts";
import { signOut } from "../../features/session/auth-api.ts";
import { AuthCard } from "../../features/session/auth-card.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import type { InvitationPageQuery } from "../../graphql/generated/graphql.ts";
import { invitePath } from "../../lib/paths.ts";
import { signInPath } from "../../lib/return-path.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { Loading } from "../../ui/loading.tsx";
import { rememberWorkspace } from "../use-chosen-workspace.ts";

const invitationPageQuery = graphql(`
  query InvitationPage($token: String!) {
    invitation(token: $token) {
      fault
      isMember
      workspaceName
      role
      invitedBy
      reservedFor
      expiresAt
    }
    viewer {
      user {
        id
        name
        email
      }
    }
  }
`);

/** Where an invitation's link leads, signed in or not. */
export function InvitationPage() {
  const { token = "" } = useParams();
  const [{ data, error }, reload] = useQuery({
    query: invitationPageQuery,
    variables: { token },
    requestPolicy: "network-only",
  });
  const again = () => reload({ requestPolicy: "network-only" });

  async function switchAccount() {
    const outcome = await signOut();
    if (outcome.ok) window.location.assign(signInPath(invitePath(token)));
    else notifications.show({ color: "red", message: outcome.message });
  }

  const words = data ? describe(data.invitation) : { title: "Invitation", subtitle: "" };
  const viewer = data?.viewer?.user;
  const isOpen = data && !data.invitation.fault && !data.invitation.isMember;
  const footer = isOpen && viewer && (
    <>
      You are signed in as {viewer.email}.{" "}
      <Anchor component="button" inherit underline="always" onClick={() => void switchAccount()}>
        Use another account
      </Anchor>
    </>
  );
  return (
    <AuthCard {...words} footer={footer}>
      {error && !data && <ErrorNotice error={error} onRetry={again} />}
      {!error && !data && <Loading label="Loading the invitation" />}
      {data && (
        <InvitationPanel
          token={token}
          invitation={data.invitation}
          viewer={viewer}
          onRefused={again}
          onSwitchAccount={() => void switchAccount()}
          onAccepted={(workspaceId) => {
            rememberWorkspace(workspaceId);
            // A full load: whoever is a member now sees another app.
            window.location.assign("/");
          }}
        />
      )}
    </AuthCard>
  );
}

function describe(invitation: InvitationPageQuery["invitation"]) {
  const { fault, isMember, workspaceName, role, invitedBy } = invitation;
  const place = workspaceName ?? "a workspace";
  if (isMember)
    return { title: `You are in ${place}`, subtitle: "You are a member of it already." };
  if (fault) return { title: faultWords[fault].title, subtitle: workspaceName ?? "" };
  return {
    title: `Join ${place}`,
    subtitle: `${invitedBy ?? "Somebody"} invites you to join as ${role ? nameRole(role) : "a member"}.`,
  };
}
