import { useState } from "react";
import { useMutation } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { announce } from "../../lib/announce.ts";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { EndpointForm, type EndpointValues } from "./endpoint-form.tsx";
import { SigningSecret } from "./signing-secret.tsx";

const createEndpointMutation = graphql(`
  mutation CreateEndpoint($input: CreateWebhookEndpointInput!) {
    createWebhookEndpoint(input: $input) {
      signingSecret
      endpoint {
        id
        ...Endpoint_webhook
      }
    }
  }
`);

type CreateEndpointProps = { workspaceId: string; opened: boolean; onClose: () => void };

/** Asks where to and what, then shows the signing secret this once. */
export function CreateEndpoint({ workspaceId, opened, onClose }: CreateEndpointProps) {
  const [secret, setSecret] = useState<string>();
  const [{ fetching }, createEndpoint] = useMutation(createEndpointMutation);
  const close = () => {
    setSecret(undefined);
    onClose();
  };

  async function create(values: EndpointValues) {
    const { error, data } = await createEndpoint({ input: { workspaceId, ...values } });
    if (data?.createWebhookEndpoint) {
      announce("The webhook is there. Its signing secret is shown this once.");
      setSecret(data.createWebhookEndpoint.signingSecret);
    }
    return error;
  }

  return (
    <FormDialog
      opened={opened}
      title={secret === undefined ? "New webhook" : "Your signing secret"}
      dismissible={secret === undefined}
      onClose={close}
    >
      {secret === undefined ? (
        <EndpointForm
          before={{ url: "", types: null }}
          action="Create webhook"
          busy={fetching}
          onSubmit={create}
          onCancel={close}
        />
      ) : (
        <SigningSecret secret={secret} onDone={close} />
      )}
    </FormDialog>
  );
}
