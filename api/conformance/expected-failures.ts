const notAnEnterprise =
  "It begins with an ID token of an enterprise's identity provider, exchanged for a grant (RFC 8693, RFC 7523). Nobody signs in to Gatehouse through one, so there is no such token.";
const noProofOfPossession =
  "It takes tokens that are bound to a key (DPoP, RFC 9449). Gatehouse asks for bearer tokens, and the extension is optional.";
const noSkills = "Gatehouse loads no skills, so that the suite finds nothing to check.";

/** Scenarios that fail and should, by `describeScenario`, each with its reason. One that passes after all is an error. */
export const EXPECTED_FAILURES: Readonly<Record<string, string>> = {
  "0.1.16 auth/cross-app-access-complete-flow": notAnEnterprise,
  "0.2.0-alpha.12 auth/enterprise-managed-authorization": notAnEnterprise,
  "0.2.0-alpha.12 auth/dpop": noProofOfPossession,
  "0.2.0-alpha.12 auth/dpop-nonce": noProofOfPossession,
  "0.2.0-alpha.12 auth/wif-jwt-bearer":
    "It begins with a token that the platform gives to a workload (RFC 7523). Gatehouse runs on any machine and asks none for such a token: a workspace proves itself with a secret or a key that was registered for it.",

  "0.2.0-alpha.12 sep-2640-client-no-prefetch": noSkills,
  "0.2.0-alpha.12 sep-2640-client-verify-digest": noSkills,
  "0.2.0-alpha.12 sep-2640-client-verify-size": noSkills,
  "0.2.0-alpha.12 sep-2640-client-verify-frontmatter": noSkills,
};
