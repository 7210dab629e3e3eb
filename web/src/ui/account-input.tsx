import { Radio, Stack } from "@mantine/core";
import type { CredentialScope } from "../graphql/generated/graphql.ts";
import { accountWords } from "../lib/words.ts";

const choices: CredentialScope[] = ["PERSONAL", "WORKSPACE"];

type AccountInputProps = {
  value?: CredentialScope;
  onChange?: (value: string) => void;
  /** Nobody signs in, so there is no account of a person's own. */
  isWorkspaceOnly?: boolean;
};

/** Whose account a server is used with. */
export function AccountInput({ value, onChange, isWorkspaceOnly = false }: AccountInputProps) {
  return (
    <Radio.Group
      label="Whose account"
      value={isWorkspaceOnly ? "WORKSPACE" : (value ?? "PERSONAL")}
      onChange={(chosen) => onChange?.(chosen)}
    >
      <Stack gap={8} mt={6}>
        {choices.map((choice) => (
          <Radio
            key={choice}
            value={choice}
            disabled={isWorkspaceOnly && choice === "PERSONAL"}
            label={accountWords[choice].label}
            description={accountWords[choice].detail}
          />
        ))}
      </Stack>
    </Radio.Group>
  );
}
