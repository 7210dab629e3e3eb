import { Radio, Stack } from "@mantine/core";
import type { CredentialScope } from "../graphql/generated/graphql.ts";
import { accountWords } from "../lib/words.ts";

const choices: CredentialScope[] = ["PERSONAL", "WORKSPACE"];

type AccountInputProps = { value?: CredentialScope; onChange?: (value: string) => void };

/** Whose account a server is used with. */
export function AccountInput({ value, onChange }: AccountInputProps) {
  return (
    <Radio.Group
      label="Whose account"
      value={value ?? "PERSONAL"}
      onChange={(chosen) => onChange?.(chosen)}
    >
      <Stack gap={8} mt={6}>
        {choices.map((choice) => (
          <Radio
            key={choice}
            value={choice}
            label={accountWords[choice].label}
            description={accountWords[choice].detail}
          />
        ))}
      </Stack>
    </Radio.Group>
  );
}
