import { Anchor } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import { NewAccountForm } from "./new-account-form.tsx";

/** Opened by the link that Gatehouse prints for its operator. The token is behind the hash sign, which is sent to no server. */
export function OwnerForm() {
  const [link] = useState(() => new URLSearchParams(window.location.hash.slice(1)));

  return (
    <NewAccountForm
      title="Create the owner's account"
      subtitle="You own a workspace and can invite others to it"
      email={link.get("email") ?? ""}
      ticket={{ kind: "owner-link", token: link.get("token") ?? "" }}
      next="/"
      footer={
        <Anchor component={Link} to="/sign-in" inherit underline="always">
          Sign in with an existing account
        </Anchor>
      }
    />
  );
}
