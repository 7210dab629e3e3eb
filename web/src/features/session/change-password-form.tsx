import { Checkbox, PasswordInput, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { Notice } from "../../ui/notice.tsx";
import { AccountForm } from "./account-form.tsx";
import { checkNewPassword, passwordRule } from "./account-rules.ts";
import { changePassword } from "./auth-api.ts";

export function ChangePasswordForm() {
  const [failure, setFailure] = useState<string>();
  const [params] = useSearchParams();
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { currentPassword: "", newPassword: "", revokeOtherSessions: true },
    validate: {
      currentPassword: (value) => (value ? null : "Enter your current password."),
      newPassword: checkNewPassword,
    },
  });

  async function submit(values: typeof form.values) {
    setFailure(undefined);
    const outcome = await changePassword(values);
    // A full load: this browser may have a new session, with which its live connection is opened again.
    if (outcome.ok) window.location.assign("/account?changed");
    else setFailure(outcome.message);
  }

  return (
    <Stack gap="md" maw={400}>
      {params.has("changed") && (
        <Notice tone="good" role="alert" title="Your password is changed." />
      )}
      <AccountForm
        onSubmit={form.onSubmit(submit)}
        submitting={form.submitting}
        submitLabel="Change password"
        failure={failure}
      >
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          key={form.key("currentPassword")}
          {...form.getInputProps("currentPassword")}
        />
        <PasswordInput
          label="New password"
          description={passwordRule}
          autoComplete="new-password"
          key={form.key("newPassword")}
          {...form.getInputProps("newPassword")}
        />
        <Checkbox
          label="Sign out of other sessions"
          key={form.key("revokeOtherSessions")}
          {...form.getInputProps("revokeOtherSessions", { type: "checkbox" })}
        />
      </AccountForm>
    </Stack>
  );
}
