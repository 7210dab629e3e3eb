import type { UseFormReturnType } from "@mantine/form";
import { AccountInput } from "../../ui/account-input.tsx";
import { ClientInputs } from "../../ui/client-inputs.tsx";
import type { SettingsValues } from "./read-changes.ts";

type ClientFieldsProps = {
  form: UseFormReturnType<SettingsValues>;
  stored: { secret: boolean; key: boolean };
};

/** How an account is connected, whose it is, and the client that was registered by hand. */
export function ClientFields({ form, stored }: ClientFieldsProps) {
  const { oauthGrantType, oauthClientSecret, oauthPrivateKey } = form.values;
  const actsForItself = oauthGrantType === "CLIENT_CREDENTIALS";
  return (
    <>
      <AccountInput {...form.getInputProps("credentialScope")} isWorkspaceOnly={actsForItself} />
      <ClientInputs
        inputOf={(field) => {
          const input = form.getInputProps(field);
          return { ...input, value: input.value ?? "" };
        }}
        grantType={oauthGrantType}
        onGrantType={(grantType) => {
          form.setFieldValue("oauthGrantType", grantType);
          if (grantType === "CLIENT_CREDENTIALS")
            form.setFieldValue("credentialScope", "WORKSPACE");
        }}
        stored={stored}
        removed={{ secret: oauthClientSecret === null, key: oauthPrivateKey === null }}
        onRemove={(field, removed) => form.setFieldValue(field, removed ? null : "")}
      />
    </>
  );
}
