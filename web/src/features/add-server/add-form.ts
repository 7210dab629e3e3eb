import { useForm, type UseFormReturnType } from "@mantine/form";
import type {
  CreateMcpServerInput,
  CredentialScope,
  OAuthGrantType,
} from "../../graphql/generated/graphql.ts";
import { toHeaderInputs, type HeaderField } from "../../lib/header-fields.ts";

export type AddValues = {
  url: string;
  /** Empty: the suggested one. */
  name: string;
  credentialScope: CredentialScope;
  headers: HeaderField[];
  oauthGrantType: OAuthGrantType;
  oauthClientId: string;
  oauthClientSecret: string;
  oauthPrivateKey: string;
  oauthSigningAlgorithm: string;
  oauthIssuer: string;
  /** Empty: the API's own default. */
  requestTimeoutSeconds: number | "";
};

export type AddForm = UseFormReturnType<AddValues>;

export function useAddForm(url: string): AddForm {
  return useForm<AddValues>({
    initialValues: {
      url,
      name: "",
      credentialScope: "PERSONAL",
      headers: [],
      oauthGrantType: "AUTHORIZATION_CODE",
      oauthClientId: "",
      oauthClientSecret: "",
      oauthPrivateKey: "",
      oauthSigningAlgorithm: "",
      oauthIssuer: "",
      requestTimeoutSeconds: "",
    },
    validate: { url: (value) => (value.trim() ? null : "Paste the server's URL.") },
  });
}

const paths =
  /^(url|name|credentialScope|oauth\w+|requestTimeoutMs|headers|headers\.\d+\.(name|value))$/;

/** Whether the form has a place to show what is wrong with this field. */
export function isAddField(path: string): boolean {
  return paths.test(path);
}

/** Nobody has to sign in. */
export function actsForItself(values: AddValues): boolean {
  return values.oauthGrantType === "CLIENT_CREDENTIALS";
}

/** What is sent: nothing for what was left empty, so that the API decides. */
export function toCreateInput(
  workspaceId: string,
  values: AddValues,
  suggestedName: string,
): CreateMcpServerInput {
  const headers = toHeaderInputs(values.headers);
  const { requestTimeoutSeconds } = values;
  return {
    workspaceId,
    url: values.url.trim(),
    name: values.name.trim() || suggestedName,
    credentialScope: actsForItself(values) ? "WORKSPACE" : values.credentialScope,
    headers: headers.length > 0 ? headers : undefined,
    oauthClientId: values.oauthClientId.trim() || undefined,
    oauthClientSecret: values.oauthClientSecret || undefined,
    oauthGrantType: actsForItself(values) ? values.oauthGrantType : undefined,
    oauthPrivateKey: values.oauthPrivateKey || undefined,
    oauthSigningAlgorithm: values.oauthSigningAlgorithm.trim() || undefined,
    oauthIssuer: values.oauthIssuer.trim() || undefined,
    requestTimeoutMs:
      requestTimeoutSeconds === "" ? undefined : Math.round(requestTimeoutSeconds * 1_000),
  };
}
