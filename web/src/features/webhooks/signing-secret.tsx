import { Text } from "@mantine/core";
import { SecretOnce } from "../../ui/secret-once.tsx";

type SigningSecretProps = {
  secret: string;
  /** True when another one signs along for a day. */
  rotated?: boolean;
  onDone: () => void;
};

/** A signing secret that is shown this once, and what it is for. */
export function SigningSecret({ secret, rotated = false, onDone }: SigningSecretProps) {
  return (
    <SecretOnce noun="signing secret" secret={secret} onDone={onDone}>
      <Text size="sm" c="dimmed">
        {rotated
          ? "For the next 24 hours every request carries two signatures, one by the old secret and one by this. Put this one in place of the old within that time."
          : "With it your program checks that a request really comes from Gatehouse. Requests follow the Standard Webhooks specification, so its libraries can check them."}
      </Text>
    </SecretOnce>
  );
}
