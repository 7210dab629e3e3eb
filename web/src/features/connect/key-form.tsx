import { Button, Group, Stack } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useMutation } from "urql";
import { readFieldErrors } from "../../graphql/errors.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { announce } from "../../lib/announce.ts";
import { makeHeaderField, toHeaderInputs } from "../../lib/header-fields.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { HeadersInput } from "../../ui/headers-input.tsx";

const setMyHeadersMutation = graphql(`
  mutation SetMyHeaders($input: SetMyHeadersInput!) {
    setMyHeaders(input: $input) {
      ...ServerStatus_server
    }
  }
`);

type KeyFormProps = {
  serverId: string;
  /** The names of the headers that are stored. */
  names: readonly string[];
  onDone: () => void;
};

/** The member's own headers. Stored values are never shown, so they are entered again. */
export function KeyForm({ serverId, names, onDone }: KeyFormProps) {
  const [{ fetching, error }, setMyHeaders] = useMutation(setMyHeadersMutation);
  const [fields, setFields] = useState(() =>
    (names.length > 0 ? names : ["Authorization"]).map((name) => makeHeaderField(name)),
  );
  const fieldErrors = readFieldErrors(error);

  async function store(headers: ReturnType<typeof toHeaderInputs> | null) {
    const { error: failure } = await setMyHeaders({ input: { serverId, headers } });
    if (failure) return;
    announce(headers ? "The key is stored." : "The key is removed.");
    onDone();
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    void store(toHeaderInputs(fields));
  }

  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        {error && Object.keys(fieldErrors).length === 0 && <ErrorNotice error={error} />}
        <HeadersInput
          fields={fields}
          onChange={setFields}
          errorAt={(path) => fieldErrors[path]?.join(" ")}
        />
        <Group justify="flex-end" gap="sm">
          {names.length > 0 && (
            <Button variant="default" disabled={fetching} onClick={() => void store(null)}>
              Remove key
            </Button>
          )}
          <Button type="submit" loading={fetching}>
            Save key
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
