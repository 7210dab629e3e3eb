import { graphql } from "../../graphql/generated/gql.ts";
import type { DiagnosisQuery } from "../../graphql/generated/graphql.ts";

export const diagnosisQuery = graphql(`
  query Diagnosis($input: DiagnoseServerInput!) {
    diagnoseServer(input: $input) {
      authType
      connectable
      clientRegistration
      issuer
      scopes
      fault
      advice
      behavior {
        code
        documentation
      }
      report
      authorizationServers {
        issuer
        name
      }
      steps {
        kind
        outcome
        url
        httpStatus
        durationMs
        detail
        at
      }
    }
  }
`);

export type Diagnosis = NonNullable<DiagnosisQuery["diagnoseServer"]>;
export type DiagnosisStep = Diagnosis["steps"][number];

/**
 * The step that the advice is about: of the kind that failed last, the first. Earlier failures were ways around which there was
 * another one. Undefined when the URL can be connected.
 */
export function findBroken({ connectable, steps }: Pick<Diagnosis, "connectable" | "steps">) {
  if (connectable) return undefined;
  const failed = steps.filter(({ outcome }) => outcome === "FAILED");
  return failed.find(({ kind }) => kind === failed.at(-1)?.kind);
}
