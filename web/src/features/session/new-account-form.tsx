import { PasswordInput, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { type ReactNode, useState } from "react";
import { AccountForm } from "./account-form.tsx";
import { checkEmail, checkNewPassword, passwordRule } from "./account-rules.ts";
import { AuthCard } from "./auth-card.tsx";
import { signUp, type SignUpTicket } from "./auth-api.ts";

type NewAccountFormProps = {
  title: string;
  subtitle: string;
  footer: ReactNode;
  /** The address that the field starts with. */
  email?: string;
  /** What lets the visitor sign up where sign-up is closed. */
  ticket: SignUpTicket | null;
  /** The path to open with the new account. */
  next: string;
};

type Values = { name: string; email: string; password: string };

/** Creates an account and signs in to it. */
export function NewAccountForm({ email = "", ticket, next, ...card }: NewAccountFormProps) {
  const [failure, setFailure] = useState<string>();
  const form = useForm<Values>({
    mode: "uncontrolled",
    initialValues: { name: "", email, password: "" },
    validate: {
      name: (value) => (value.trim() ? null : "Enter your name."),
      email: checkEmail,
      password: checkNewPassword,
    },
  });

  async function submit(values: Values) {
    setFailure(undefined);
    const { password } = values;
    const outcome = await signUp(
      { name: values.name.trim(), email: values.email.trim(), password },
      ticket,
    );
    if (outcome.ok) window.location.assign(next);
    else setFailure(outcome.message);
  }

  return (
    <AuthCard {...card}>
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
