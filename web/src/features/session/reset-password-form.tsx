import { Anchor, Button, PasswordInput, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { Link } from "react-router";
import { Notice } from "../../ui/notice.tsx";
import { resetPassword } from "./auth-api.ts";
import { AuthCard } from "./auth-card.tsx";

const shortestPassword = 8;

/** Where the link of the mail leads. Its token stands behind the hash, which no server is sent. */
export function ResetPasswordForm() {
  const [token] = useState(() => window.location.hash.slice(1));
  const [failure, setFailure] = useState<string>();
  const [isDone, setDone] = useState(false);
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { password: "" },
    validate: {
      password: (value) =>
        value.length >= shortestPassword ? null : `At least ${shortestPassword} characters.`,
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
        <form onSubmit={form.onSubmit(submit)} noValidate>
          <Stack gap="md">
            {failure && <Notice tone="bad" role="alert" title={failure} />}
            <PasswordInput
              label="New password"
              description={`At least ${shortestPassword} characters`}
              autoComplete="new-password"
              key={form.key("password")}
              {...form.getInputProps("password")}
            />
            <Button type="submit" fullWidth mt={4} loading={form.submitting}>
              Change password
            </Button>
          </Stack>
        </form>
      )}
    </AuthCard>
  );
}
