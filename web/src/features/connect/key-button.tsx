import { Button } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { serverStatusFragment } from "../../graphql/server-status.ts";
import { serverPath } from "../../lib/paths.ts";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { KeyForm } from "./key-form.tsx";

type KeyButtonProps = {
  server: FragmentType<typeof serverStatusFragment>;
  manages: boolean;
  size?: "xs" | "sm";
};

/** Enter or change the key: each member their own, or an admin that of the workspace in the settings. */
export function KeyButton({ server, manages, size = "xs" }: KeyButtonProps) {
  const [open, setOpen] = useState(false);
  const { id, name, credentialScope, myHeaderNames } = readFragment(serverStatusFragment, server);
  const look = { size, leftSection: <IconKey size={15} aria-hidden /> };
  if (credentialScope === "WORKSPACE")
    return (
      manages && (
        <Button
          {...look}
          component={Link}
          to={`${serverPath(id)}?tab=settings`}
          aria-label={`Change key of ${name}`}
        >
          Change key
        </Button>
      )
    );
  const label = myHeaderNames.length > 0 ? "Change key" : "Enter key";
  return (
    <>
      <Button {...look} onClick={() => setOpen(true)} aria-label={`${label} of ${name}`}>
        {label}
      </Button>
      <FormDialog opened={open} title={`Your key for ${name}`} onClose={() => setOpen(false)}>
        <KeyForm serverId={id} names={myHeaderNames} onDone={() => setOpen(false)} />
      </FormDialog>
    </>
  );
}
