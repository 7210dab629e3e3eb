import { Button, Group, NumberInput, Stack, Switch, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useMutation, type CombinedError } from "urql";
import { readErrorCode, readFieldErrors, sortFieldErrors } from "../../graphql/errors.ts";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { HeadersInput } from "../../ui/headers-input.tsx";
import { Notice } from "../../ui/notice.tsx";
import { ClientFields } from "./client-fields.tsx";
import { readChanges, type SettingsValues } from "./read-changes.ts";
import { settingsFragment, toSettingsValues } from "./settings-values.ts";
import { hasTarget, TargetFields } from "./target-fields.tsx";

const updateServerMutation = graphql(`
  mutation UpdateServer($input: UpdateMcpServerInput!) {
    updateMcpServer(input: $input) {
      ...ServerStatus_server
      ...ServerSettings_server
    }
  }
`);

/** What a manager may change about a server. Only what was changed is sent. */
export function ServerSettings({ server }: { server: FragmentType<typeof settingsFragment> }) {
  const settings = readFragment(settingsFragment, server);
  const [{ fetching }, updateServer] = useMutation(updateServerMutation);
  const [failure, setFailure] = useState<CombinedError>();
  const [others, setOthers] = useState<string[]>([]);
  const initialValues = toSettingsValues(settings);
  const form = useForm({ initialValues });

  async function save(values: SettingsValues) {
    setFailure(undefined);
    setOthers([]);
    const { error, data } = await updateServer({
      input: { id: settings.id, ...readChanges(initialValues, values) },
    });
    if (error) {
      const sorted = sortFieldErrors(
        readFieldErrors(error),
        (path) => path === "headers" || isField(path),
      );
      form.setErrors(sorted.fields);
      setOthers(sorted.others);
      if (readErrorCode(error) !== "BAD_USER_INPUT") setFailure(error);
      return;
    }
    if (!data) return;
    form.setFieldValue("oauthClientSecret", "");
    form.setFieldValue("oauthPrivateKey", "");
    form.resetDirty();
    notifications.show({ message: "Settings saved" });
  }

  return (
    <form onSubmit={form.onSubmit((values) => void save(values))} noValidate>
      <Stack gap="md" maw={620}>
        {failure && <ErrorNotice error={failure} />}
        {others.map((sentence) => (
          <Notice key={sentence} tone="bad" role="alert" title={sentence} />
        ))}
        <Switch
          label="In use"
          description="While off, its tools cannot be run. Accounts stay connected."
          {...form.getInputProps("enabled", { type: "checkbox" })}
        />
        <TextInput label="Name" required {...form.getInputProps("name")} />
        <TextInput
          label="URL"
          description="Changing it gives up the accounts that are connected now."
          required
          type="url"
          {...form.getInputProps("url")}
        />
        <NumberInput
          label="Longest wait for an answer"
          suffix=" s"
          min={1}
          max={600}
          maw={220}
          {...form.getInputProps("requestTimeoutSeconds")}
          error={form.errors["requestTimeoutMs"] ?? form.errors["requestTimeoutSeconds"]}
        />
        {settings.authType !== "NONE" && (
          <HeadersInput
            fields={form.values.headers}
            onChange={(headers) => form.setFieldValue("headers", headers)}
            errorAt={(path) => readSentence(form.errors[path])}
          />
        )}
        {settings.authType === "OAUTH" && (
          <>
            <ClientFields
              form={form}
              stored={{ secret: settings.hasOAuthClientSecret, key: settings.hasOAuthPrivateKey }}
            />
            <TargetFields form={form} isOpen={hasTarget(initialValues)} />
          </>
        )}
        <Group>
          <Button type="submit" loading={fetching} disabled={!form.isDirty()}>
            Save
          </Button>
          {form.isDirty() && (
            <Button variant="subtle" onClick={() => form.reset()}>
              Discard
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}

const fieldNames =
  /^(name|url|enabled|credentialScope|requestTimeoutMs|oauth\w+|oauthScopes\.\d+|headers\.\d+\.(name|value))$/;

function isField(path: string): boolean {
  return fieldNames.test(path);
}

function readSentence(error: unknown): string | undefined {
  return typeof error === "string" ? error : undefined;
}
