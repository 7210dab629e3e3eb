import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useMutation } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import type { Endpoint_WebhookFragment } from "../../graphql/generated/graphql.ts";
import { announce } from "../../lib/announce.ts";
import { describeError } from "../../lib/describe-error.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { EndpointForm, type EndpointValues } from "./endpoint-form.tsx";
import { SigningSecret } from "./signing-secret.tsx";
import classes from "./webhooks.module.css";

const updateEndpointMutation = graphql(`
  mutation UpdateEndpoint($input: UpdateWebhookEndpointInput!) {
    updateWebhookEndpoint(input: $input) {
      ...Endpoint_webhook
    }
  }
`);

const rotateSecretMutation = graphql(`
  mutation RotateSecret($id: ID!) {
    rotateWebhookSecret(id: $id) {
      signingSecret
    }
  }
`);

const deleteEndpointMutation = graphql(`
  mutation DeleteEndpoint($id: ID!) {
    deleteWebhookEndpoint(id: $id) {
      id
    }
  }
`);

type EndpointActionsProps = { endpoint: Endpoint_WebhookFragment; onDeleted: () => void };

/** Edit, turn off and on, a new secret, delete. */
export function EndpointActions({ endpoint, onDeleted }: EndpointActionsProps) {
  const { id, url, types, disabledAt } = endpoint;
  const [asking, setAsking] = useState<"edit" | "rotate" | "delete">();
  const [secret, setSecret] = useState<string>();
  const [{ fetching: updating }, update] = useMutation(updateEndpointMutation);
  const [{ fetching: rotating }, rotate] = useMutation(rotateSecretMutation);
  const [{ fetching: deleting }, remove] = useMutation(deleteEndpointMutation);
  const close = () => setAsking(undefined);

  async function save(values: EndpointValues) {
    const { error } = await update({ input: { id, ...values } });
    if (!error) {
      close();
      announce("The webhook is saved.");
    }
    return error;
  }

  async function turn(enabled: boolean) {
    const { error } = await update({ input: { id, enabled } });
    if (error) notifications.show({ color: "red", message: describeError(error) });
    else announce(enabled ? "The webhook is on." : "The webhook is off.");
  }

  async function makeSecret() {
    const { error, data } = await rotate({ id });
    close();
    if (error) notifications.show({ color: "red", message: describeError(error) });
    else setSecret(data?.rotateWebhookSecret?.signingSecret);
  }

  async function confirmDelete() {
    const { error } = await remove({ id });
    close();
    if (error) notifications.show({ color: "red", message: describeError(error) });
    else onDeleted();
  }

  return (
    <div className={classes["actions"]}>
      <Button size="xs" variant="default" onClick={() => setAsking("edit")}>
        Edit
      </Button>
      <Button
        size="xs"
        variant="default"
        loading={updating && asking !== "edit"}
        onClick={() => void turn(Boolean(disabledAt))}
      >
        {disabledAt ? "Turn on" : "Turn off"}
      </Button>
      <Button size="xs" variant="default" onClick={() => setAsking("rotate")}>
        New secret
      </Button>
      <Button size="xs" variant="default" onClick={() => setAsking("delete")}>
        Delete
      </Button>
      <FormDialog opened={asking === "edit"} title="Edit webhook" onClose={close}>
        <EndpointForm
          before={{ url, types: types ?? null }}
          action="Save"
          busy={updating}
          onSubmit={save}
          onCancel={close}
        />
      </FormDialog>
      <ConfirmDialog
        opened={asking === "rotate"}
        onClose={close}
        title="Make a new signing secret?"
        action="Make a new secret"
        busy={rotating}
        onConfirm={() => void makeSecret()}
      >
        The old one goes on signing beside it for 24 hours, so that nothing is refused while you put
        the new one in its place.
      </ConfirmDialog>
      <ConfirmDialog
        opened={asking === "delete"}
        onClose={close}
        title="Delete this webhook?"
        action="Delete"
        busy={deleting}
        onConfirm={() => void confirmDelete()}
      >
        Nothing more is sent to {url}, and the list of deliveries is gone. This cannot be undone.
      </ConfirmDialog>
      <FormDialog
        opened={secret !== undefined}
        title="Your new signing secret"
        dismissible={false}
        onClose={() => setSecret(undefined)}
      >
        {secret !== undefined && (
          <SigningSecret secret={secret} rotated onDone={() => setSecret(undefined)} />
        )}
      </FormDialog>
    </div>
  );
}
