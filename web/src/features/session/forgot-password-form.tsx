import { Anchor, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { Link } from "react-router";
import { Notice } from "../../ui/notice.tsx";
import { requestPasswordReset } from "./auth-api.ts";
import { checkEmail } from "./account-rules.ts";
import { AccountForm } from "./account-form.tsx";
import { AuthCard } from "./auth-card.tsx";

/** Asks for a mail with a link. The answer is the same whether there is such an account or not. */
export function ForgotPasswordForm() {
  const [failure, setFailure] = useState<string>();
  const [sentTo, setSentTo] = useState<string>();
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { email: "" },
    validate: {
      email: checkEmail,
    },
  });

  async function submit({ email }: { email: string }) {
    setFailure(undefined);
    const outcome = await requestPasswordReset(email.trim());
    if (outcome.ok) setSentTo(email.trim());
    else setFailure(outcome.message);
  }

  return (
    <AuthCard
      title="Forgot your password?"
      subtitle="We mail you a link to choose a new one"
      footer={
        <Anchor component={Link} to="/sign-in" inherit underline="always">
          Back to sign in
        </Anchor>
      }
    >
      {sentTo === undefined ? (
        <AccountForm
          onSubmit={form.onSubmit(submit)}
          submitting={form.submitting}
          submitLabel="Send link"
          failure={failure}
        >
          <TextInput
            label="Email"
            type="email"
            autoComplete="username"
            key={form.key("email")}
            {...form.getInputProps("email")}
          />
        </AccountForm>
      ) : (
        <Notice tone="good" role="alert" title="Look into your mail">
          If {sentTo} has an account here, a link is on its way. It holds for an hour.
        </Notice>
      )}
    </AuthCard>
  );
}
