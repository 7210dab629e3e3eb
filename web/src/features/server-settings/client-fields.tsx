import { PasswordInput, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { AccountInput } from "../../ui/account-input.tsx";
import type { SettingsValues } from "./read-changes.ts";

type ClientFieldsProps = { form: UseFormReturnType<SettingsValues>; secretStored: boolean };

/** Whose account, and the client that was registered by hand, if one was. */
export function ClientFields({ form, secretStored }: ClientFieldsProps) {
  return (
    <>
      <AccountInput {...form.getInputProps("credentialScope")} />
      <TextInput
        label="Client id"
        description="Only for providers at which an application is registered by hand."
        {...form.getInputProps("oauthClientId")}
      />
      <PasswordInput
        label="Client secret"
        placeholder={secretStored ? "Stored; type to replace" : ""}
        autoComplete="off"
        {...form.getInputProps("oauthClientSecret")}
      />
      <TextInput
        label="Issuer"
        description="The provider that the client id belongs to."
        {...form.getInputProps("oauthIssuer")}
      />
    </>
  );
}
