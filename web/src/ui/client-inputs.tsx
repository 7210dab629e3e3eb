import { PasswordInput, Radio, Stack, Textarea, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import type { OAuthGrantType } from "../graphql/generated/graphql.ts";
import { StoredSecret } from "./stored-secret.tsx";

/** What a client that was registered by hand is made of. */
export type ClientField =
  | "oauthGrantType"
  | "oauthClientId"
  | "oauthClientSecret"
  | "oauthPrivateKey"
  | "oauthSigningAlgorithm"
  | "oauthIssuer";

type ClientInputsProps = {
  /** The properties of one field's input, as the form knows them. */
  inputOf: (field: ClientField) => { error?: ReactNode };
  grantType: OAuthGrantType;
  onGrantType: (grantType: OAuthGrantType) => void;
  /** Which secrets are held already; their values never leave the server. */
  stored?: { secret: boolean; key: boolean };
  /** Takes a stored secret away when the form is saved, or keeps it after all. */
  onRemove?: (field: "oauthClientSecret" | "oauthPrivateKey", removed: boolean) => void;
  removed?: { secret: boolean; key: boolean };
};

const grantTypes: { value: OAuthGrantType; label: string; description: string }[] = [
  {
    value: "AUTHORIZATION_CODE",
    label: "A person signs in",
    description: "Gatehouse opens the provider's consent page.",
  },
  {
    value: "CLIENT_CREDENTIALS",
    label: "The workspace as itself",
    description:
      "With client credentials: nobody signs in. Needs a client id, and a secret or a private key.",
  },
];

/** How an account is connected, and the client that was registered by hand, if one was. */
export function ClientInputs(props: ClientInputsProps) {
  const { inputOf, grantType, onGrantType, stored, removed, onRemove } = props;
  const needsClient = grantType === "CLIENT_CREDENTIALS";
  return (
    <>
      <Radio.Group
        label="How it connects"
        value={grantType}
        onChange={(chosen) =>
          onGrantType(chosen === "CLIENT_CREDENTIALS" ? chosen : "AUTHORIZATION_CODE")
        }
      >
        <Stack gap={8} mt={6}>
          {grantTypes.map((each) => (
            <Radio key={each.value} {...each} />
          ))}
        </Stack>
      </Radio.Group>
      <TextInput
        label="Client id"
        description="Only where an application is registered at the provider by hand."
        autoComplete="off"
        required={needsClient}
        {...inputOf("oauthClientId")}
      />
      <StoredSecret
        name="client secret"
        isStored={stored?.secret ?? false}
        isRemoved={removed?.secret ?? false}
        error={inputOf("oauthClientSecret").error}
        onRemove={(gone) => onRemove?.("oauthClientSecret", gone)}
      >
        <PasswordInput
          label="Client secret"
          placeholder={stored?.secret ? "Stored; type to replace" : ""}
          autoComplete="off"
          {...inputOf("oauthClientSecret")}
        />
      </StoredSecret>
      <StoredSecret
        name="private key"
        isStored={stored?.key ?? false}
        isRemoved={removed?.key ?? false}
        error={inputOf("oauthPrivateKey").error}
        onRemove={(gone) => onRemove?.("oauthPrivateKey", gone)}
      >
        <Textarea
          label="Private key"
          description="In PEM (PKCS #8), where the provider takes a signature (private_key_jwt) and no secret."
          placeholder={stored?.key ? "Stored; paste to replace" : "-----BEGIN PRIVATE KEY-----"}
          autoComplete="off"
          spellCheck={false}
          rows={3}
          {...inputOf("oauthPrivateKey")}
        />
      </StoredSecret>
      <TextInput
        label="Signing algorithm"
        description="What the private key signs with. Left empty: ES256."
        placeholder="ES256"
        autoComplete="off"
        maw={220}
        {...inputOf("oauthSigningAlgorithm")}
      />
      <TextInput
        label="Issuer"
        description="The provider that the client id belongs to. Left empty: the one of the first sign-in."
        autoComplete="off"
        {...inputOf("oauthIssuer")}
      />
    </>
  );
}
