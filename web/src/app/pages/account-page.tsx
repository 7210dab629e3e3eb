import { ChangePasswordForm } from "../../features/session/change-password-form.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Section } from "../../ui/section.tsx";

export function AccountPage() {
  return (
    <>
      <PageHeader title="Account" />
      <Section title="Change your password">
        <ChangePasswordForm />
      </Section>
    </>
  );
}
