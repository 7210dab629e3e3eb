import { Button } from "@mantine/core";
import { useMutation } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { describeError } from "../../lib/describe-error.ts";
import { Notice } from "../../ui/notice.tsx";

const requestScopesMutation = graphql(`
  mutation RequestScopes($input: UpdateMcpServerInput!) {
    updateMcpServer(input: $input) {
      ...ServerSettings_server
    }
  }
`);

type ScopeSuggestionProps = { serverId: string; scopes: string[] };

/** The provider requires permissions that the server does not name: those that the provider lists can be requested instead. */
export function ScopeSuggestion({ serverId, scopes }: ScopeSuggestionProps) {
  const [{ data, error, fetching }, update] = useMutation(requestScopesMutation);
  if (data)
    return <Notice tone="good" title="Saved. Connect again to request these permissions." />;
  return (
    <Notice
      tone="act"
      title="The provider requires at least one permission"
      actions={
        <Button
          size="xs"
          variant="default"
          loading={fetching}
          onClick={() => void update({ input: { id: serverId, oauthScopes: scopes } })}
        >
          Request all permissions of the provider
        </Button>
      }
    >
      The server names none. The provider lists: <span className="mono">{scopes.join(" ")}</span>.
      An admin can choose among them in the settings.
      {error && <div>{describeError(error)}</div>}
    </Notice>
  );
}
