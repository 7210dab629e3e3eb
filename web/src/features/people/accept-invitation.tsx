import { Button, Stack } from "@mantine/core";
import { useMutation } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";

const acceptInvitationMutation = graphql(`
  mutation AcceptInvitation($token: String!) {
    acceptInvitation(token: $token) {
      __typename
      ... on InvitationAccepted {
        workspace {
          id
          name
        }
      }
      ... on InvitationInvalid {
        reason
      }
    }
  }
`);

type AcceptInvitationProps = {
  token: string;
  label: string;
  onAccepted: (workspaceId: string) => void;
  /** It does not hold any more: why not, the preview tells anew. */
  onRefused: () => void;
};

/** For a member already it is just the way in. */
export function AcceptInvitation({ token, label, onAccepted, onRefused }: AcceptInvitationProps) {
  const [{ fetching, error }, accept] = useMutation(acceptInvitationMutation);

  async function submit() {
    const { data } = await accept({ token });
    const answer = data?.acceptInvitation;
    if (answer?.__typename === "InvitationAccepted") onAccepted(answer.workspace.id);
    else if (answer) onRefused();
  }

  return (
    <Stack gap="sm">
      {error && <ErrorNotice error={error} />}
      <Button loading={fetching} onClick={() => void submit()}>
        {label}
      </Button>
    </Stack>
  );
}
