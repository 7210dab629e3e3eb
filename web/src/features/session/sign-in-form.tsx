import { Anchor, PasswordInput, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { Link, useSearchParams } from "react-router";
import { readReturnPath } from "../../lib/return-path.ts";
import { AccountForm } from "./account-form.tsx";
import { AuthCard } from "./auth-card.tsx";
import { signIn } from "./auth-api.ts";
import { useSignInOptions } from "./use-sign-in-options.ts";

export function SignInForm() {
  const [params] = useSearchParams();
  const { passwordReset } = useSignInOptions();
  const [failure, setFailure] = useState<string>();
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { email: "", password: "" },
    validate: {
      email: (value) => (value.trim() ? null : "Enter your email address."),
      password: (value) => (value ? null : "Enter your password."),
    },
  });

  async function submit({ email, password }: { email: string; password: string }) {
    setFailure(undefined);
    const outcome = await signIn(email.trim(), password);
    // A full load: nothing of the previous session stays in memory.
    if (outcome.ok)
      window.location.assign(readReturnPath(params.get("next"), window.location.origin));
    else setFailure(outcome.message);
  }

  return (
    <AuthCard
      title="Sign in"
      subtitle="Welcome back to Gatehouse"
      footer={
        <>
          New here?{" "}
          <Anchor component={Link} to={`/sign-up?${params.toString()}`} inherit underline="always">
            Create an account
          </Anchor>
          {passwordReset && (
            <>
              {" · "}
              <Anchor component={Link} to="/forgot-password" inherit underline="always">
                Forgot password?
              </Anchor>
            </>
          )}
        </>
      }
    >
      <AccountForm
        onSubmit={form.onSubmit(submit)}
        submitting={form.submitting}
        submitLabel="Sign in"
        failure={failure}
      >
        <TextInput
          label="Email"
          type="email"
          autoComplete="username"
          key={form.key("email")}
          {...form.getInputProps("email")}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          key={form.key("password")}
          {...form.getInputProps("password")}
        />
      </AccountForm>
    </AuthCard>
  );
}
