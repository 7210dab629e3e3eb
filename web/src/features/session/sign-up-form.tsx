import { Anchor } from "@mantine/core";
import { Link, useSearchParams } from "react-router";
import { readInvitation, readReturnPath } from "../../lib/return-path.ts";
import { NewAccountForm } from "./new-account-form.tsx";

export function SignUpForm() {
  const [params] = useSearchParams();
  const next = readReturnPath(params.get("next"), window.location.origin);
  const invitation = readInvitation(next);

  return (
    <NewAccountForm
      title="Create your account"
      subtitle="Connect MCP servers once and stay connected"
      ticket={invitation ? { kind: "invitation", token: invitation } : null}
      next={next}
      footer={
        <>
          Already have one?{" "}
          <Anchor component={Link} to={`/sign-in?${params.toString()}`} inherit underline="always">
            Sign in
          </Anchor>
        </>
      }
    />
  );
}
