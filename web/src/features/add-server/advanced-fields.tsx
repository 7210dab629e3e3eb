import { NumberInput, PasswordInput, Stack, TextInput } from "@mantine/core";
import { AccountInput } from "../../ui/account-input.tsx";
import { HeadersInput } from "../../ui/headers-input.tsx";
import type { AddForm } from "./add-form.ts";

/** What most servers do not need. */
export function AdvancedFields({ form }: { form: AddForm }) {
  const errorAt = (path: string) => {
    const error = form.errors[path];
    return typeof error === "string" ? error : undefined;
  };
  return (
    <Stack gap="md" pt="md">
      <AccountInput {...form.getInputProps("credentialScope")} />
      <TextInput
        label="Client id"
        description="Only when an application was registered at the provider by hand"
        autoComplete="off"
        {...form.getInputProps("oauthClientId")}
      />
      <PasswordInput
        label="Client secret"
        autoComplete="off"
        {...form.getInputProps("oauthClientSecret")}
      />
      <TextInput
        label="Issuer"
        description="The provider that the client id belongs to; pinned at the first consent if left out"
        {...form.getInputProps("oauthIssuer")}
      />
      <HeadersInput
        fields={form.values.headers}
        onChange={(headers) => form.setFieldValue("headers", headers)}
        errorAt={errorAt}
      />
      <NumberInput
        label="Longest wait for an answer"
        suffix=" s"
        min={1}
        max={600}
        maw={220}
        placeholder="60 s"
        {...form.getInputProps("requestTimeoutSeconds")}
        error={errorAt("requestTimeoutMs")}
      />
    </Stack>
  );
}
