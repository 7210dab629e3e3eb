import { Anchor, PasswordInput, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { Link, useSearchParams } from "react-router";
import { readInvitation, readReturnPath } from "../../lib/return-path.ts";
import { checkEmail, checkNewPassword, passwordRule } from "./account-rules.ts";
import { AccountForm } from "./account-form.tsx";
import { AuthCard } from "./auth-card.tsx";
import { signUp } from "./auth-api.ts";

type Values = { name: string; email: string; password: string };

export function SignUpForm() {
  const [params] = useSearchParams();
  const [failure, setFailure] = useState<string>();
  const form = useForm<Values>({
    mode: "uncontrolled",
    initialValues: { name: "", email: "", password: "" },
    validate: {
      name: (value) => (value.trim() ? null : "Enter your name."),
      email: checkEmail,
      password: checkNewPassword,
    },
  });

  async function submit({ name, email, password }: Values) {
    setFailure(undefined);
    const next = readReturnPath(params.get("next"), window.location.origin);
    const values = { name: name.trim(), email: email.trim(), password };
    const outcome = await signUp(values, readInvitation(next));
    if (outcome.ok) window.location.assign(next);
    else setFailure(outcome.message);
  }

  return (
    <AuthCard
      title="Create your account"
      subtitle="Connect MCP servers once and stay connected"
      footer={
        <>
          Already have one?{" "}
          <Anchor component={Link} to={`/sign-in?${params.toString()}`} inherit underline="always">
            Sign in
          </Anchor>
        </>
      }
    >
      <AccountForm
        onSubmit={form.onSubmit(submit)}
        submitting={form.submitting}
        submitLabel="Create account"
        failure={failure}
      >
        <TextInput
          label="Name"
          autoComplete="name"
          key={form.key("name")}
          {...form.getInputProps("name")}
        />
        <TextInput
          label="Email"
          type="email"
          autoComplete="username"
          key={form.key("email")}
          {...form.getInputProps("email")}
        />
        <PasswordInput
          label="Password"
          description={passwordRule}
          autoComplete="new-password"
          key={form.key("password")}
          {...form.getInputProps("password")}
        />
      </AccountForm>
    </AuthCard>
  );
}
