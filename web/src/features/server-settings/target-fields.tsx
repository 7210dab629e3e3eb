import { Stack, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useState } from "react";
import { Disclosure } from "../../ui/disclosure.tsx";
import type { SettingsValues } from "./read-changes.ts";

type TargetFieldsProps = { form: UseFormReturnType<SettingsValues>; isOpen: boolean };

/** What is asked for, and where, when the server's own word is not to count. */
export function TargetFields({ form, isOpen }: TargetFieldsProps) {
  const [shown, setShown] = useState(isOpen);
  const scopes = form.getInputProps("oauthScopes");
  return (
    <Disclosure label="Advanced" opened={shown} onToggle={() => setShown(!shown)}>
      <Stack gap="md" pt="sm">
        <TextInput
          label="Authorization server"
          description="Its issuer, if not the one that the server names. Changing it gives up the accounts that are connected now."
          placeholder="https://id.example.com"
          type="url"
          {...form.getInputProps("oauthAuthorizationServer")}
        />
        <TextInput
          label="Scopes"
          description="Asked for at the next sign-in instead of those that the server names; separated by blanks."
          autoComplete="off"
          {...scopes}
          error={scopes.error ?? findScopeFault(form.errors)}
        />
      </Stack>
    </Disclosure>
  );
}

/** Whether there is something to see. */
export function hasTarget(values: SettingsValues): boolean {
  return values.oauthAuthorizationServer !== "" || values.oauthScopes !== "";
}

/** The API names the scope at fault by its place in the list. */
function findScopeFault(errors: UseFormReturnType<SettingsValues>["errors"]) {
  const path = Object.keys(errors).find((key) => key.startsWith("oauthScopes."));
  return path && errors[path];
}
