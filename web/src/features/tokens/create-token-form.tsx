import { Button, Group, Input, Radio, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useId, useState } from "react";
import { useMutation, type CombinedError } from "urql";
import { readFieldErrors } from "../../graphql/errors.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { ApiTokenScope } from "../../graphql/generated/graphql.ts";
import { announce } from "../../lib/announce.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { type Lifetime, lifetimes, readExpiry, scopeWords } from "./token-words.ts";

const createTokenMutation = graphql(`
  mutation CreateToken($input: CreateApiTokenInput!) {
    createApiToken(input: $input) {
      secret
      apiToken {
        id
        ...TokenRow_token
      }
    }
  }
`);

const scopes: ApiTokenScope[] = ["READ", "EXECUTE", "MANAGE"];

type CreateTokenFormProps = {
  workspaceId: string;
  onCreated: (secret: string) => void;
  onCancel: () => void;
};

export function CreateTokenForm({ workspaceId, onCreated, onCancel }: CreateTokenFormProps) {
  const [{ fetching }, createToken] = useMutation(createTokenMutation);
  const [failure, setFailure] = useState<CombinedError>();
  const lifeLabel = useId();
  const form = useForm<{ name: string; scope: ApiTokenScope; lifetime: Lifetime }>({
    initialValues: { name: "", scope: "READ", lifetime: "90" },
    validate: { name: (name) => (name.trim() ? null : "Enter a name.") },
  });

  async function create(values: typeof form.values) {
    setFailure(undefined);
    const { error, data } = await createToken({
      input: {
        workspaceId,
        name: values.name.trim(),
        scope: values.scope,
        expiresAt: readExpiry(values.lifetime, Date.now()),
      },
    });
    if (error) {
      const { name } = readFieldErrors(error);
      if (name) form.setFieldError("name", name.join(" "));
      else setFailure(error);
      return;
    }
    if (!data?.createApiToken) return;
    announce("The token is made. Its secret is shown this once.");
    onCreated(data.createApiToken.secret);
  }

  return (
    <form onSubmit={form.onSubmit((values) => void create(values))} noValidate>
      <Stack gap="md">
        {failure && <ErrorNotice error={failure} />}
        <TextInput
          label="Name"
          description="What will use it, so that you know it again."
          placeholder="Nightly report"
          required
          data-autofocus
          {...form.getInputProps("name")}
        />
        <Radio.Group label="What it may do" {...form.getInputProps("scope")}>
          <Stack gap={8} mt={6}>
            {scopes.map((scope) => (
              <Radio
                key={scope}
                value={scope}
                label={scopeWords[scope].label}
                description={scopeWords[scope].detail}
              />
            ))}
          </Stack>
        </Radio.Group>
        <Stack gap={6}>
          <Input.Label labelElement="div" id={lifeLabel}>
            Expires after
          </Input.Label>
          <SegmentedControl
            aria-labelledby={lifeLabel}
            data={lifetimes.map(({ value, label }) => ({ value, label }))}
            {...form.getInputProps("lifetime")}
          />
        </Stack>
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={fetching}>
            Create token
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
