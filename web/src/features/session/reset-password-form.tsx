import { Anchor, Button, PasswordInput, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { Link } from "react-router";
import { Notice } from "../../ui/notice.tsx";
import { resetPassword } from "./auth-api.ts";
import { checkNewPassword, passwordRule } from "./account-rules.ts";
import { AccountForm } from "./account-form.tsx";
import { AuthCard } from "./auth-card.tsx";

/** Where the link of the mail leads. Its token stands behind the hash, which no server is sent. */
export function ResetPasswordForm() {
  const [token] = useState(() => window.location.hash.slice(1));
  const [failure, setFailure] = useState<string>();
  const [isDone, setDone] = useState(false);
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { password: "" },
    validate: {
      password: checkNewPassword,
    },
  });

  async function submit({ password }: { password: string }) {
    setFailure(undefined);
    const outcome = await resetPassword(token, password);
    if (outcome.ok) setDone(true);
    else setFailure(outcome.message);
  }

  return (
    <AuthCard
      title="Choose a new password"
      subtitle="You are signed out everywhere else"
      footer={
        <Anchor component={Link} to="/forgot-password" inherit underline="always">
          Send another link
        </Anchor>
      }
    >
      {isDone ? (
        <Stack gap="md">
          <Notice tone="good" role="alert" title="Your password is changed." />
          <Button component={Link} to="/sign-in" fullWidth>
            Sign in
          </Button>
        </Stack>
      ) : (
        <AccountForm
          onSubmit={form.onSubmit(submit)}
          submitting={form.submitting}
          submitLabel="Change password"
          failure={failure}
        >
          <PasswordInput
            label="New password"
            description={passwordRule}
            autoComplete="new-password"
            key={form.key("password")}
            {...form.getInputProps("password")}
          />
        </AccountForm>
      )}
    </AuthCard>
  );
}
