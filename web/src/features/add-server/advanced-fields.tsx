import { NumberInput, Stack } from "@mantine/core";
import { AccountInput } from "../../ui/account-input.tsx";
import { ClientInputs } from "../../ui/client-inputs.tsx";
import { HeadersInput } from "../../ui/headers-input.tsx";
import { actsForItself, type AddForm } from "./add-form.ts";

/** What most servers do not need. */
export function AdvancedFields({ form }: { form: AddForm }) {
  const errorAt = (path: string) => {
    const error = form.errors[path];
    return typeof error === "string" ? error : undefined;
  };
  return (
    <Stack gap="md" pt="md">
      <AccountInput
        {...form.getInputProps("credentialScope")}
        isWorkspaceOnly={actsForItself(form.values)}
      />
      <ClientInputs
        inputOf={(field) => form.getInputProps(field)}
        grantType={form.values.oauthGrantType}
        onGrantType={(grantType) => form.setFieldValue("oauthGrantType", grantType)}
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
