import { Button, Stack } from "@mantine/core";
import type { FormEventHandler, ReactNode } from "react";
import { Notice } from "../../ui/notice.tsx";

interface AccountFormProps {
  onSubmit: FormEventHandler<HTMLFormElement>;
  submitting: boolean;
  submitLabel: string;
  /** What the server refused it with; undefined while it has not. */
  failure: string | undefined;
  /** The fields. */
  children: ReactNode;
}

/** The fields of a form of the sign-in pages, with what went wrong above and its one button below. */
export function AccountForm({
  onSubmit,
  submitting,
  submitLabel,
  failure,
  children,
}: AccountFormProps) {
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="md">
        {failure && <Notice tone="bad" role="alert" title={failure} />}
        {children}
        <Button type="submit" fullWidth mt={4} loading={submitting}>
          {submitLabel}
        </Button>
      </Stack>
    </form>
  );
}
