import { useState } from "react";
import { useClient } from "urql";
import { readFieldErrors } from "../../graphql/errors.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { announce } from "../../lib/announce.ts";
import { describeError } from "../../lib/describe-error.ts";
import { findMissing, toCreateInput, type PlannedRow } from "./plan-import.ts";

const importServerMutation = graphql(`
  mutation ImportServer($input: CreateMcpServerInput!) {
    createMcpServer(input: $input) {
      id
      name
      ...ServerStatus_server
    }
  }
`);

export type RowResult =
  | { step: "creating" }
  | { step: "created"; id: string }
  | { step: "failed"; message: string };

/** Creates the chosen ones, one after the other, so that each has its own outcome. */
export function useImport(workspaceId: string) {
  const client = useClient();
  const [results, setResults] = useState<Record<string, RowResult>>({});
  const [running, setRunning] = useState(false);
  const note = (key: string, result: RowResult) =>
    setResults((present) => ({ ...present, [key]: result }));

  async function start(rows: PlannedRow[], filled: Record<string, Record<string, string>>) {
    setRunning(true);
    let created = 0;
    for (const row of rows) {
      if (row.kind !== "new") continue;
      const values = filled[row.key] ?? {};
      if (findMissing(row.entry, values).length > 0) {
        note(row.key, { step: "failed", message: "Fill in its values first." });
        continue;
      }
      note(row.key, { step: "creating" });
      const input = toCreateInput(workspaceId, row.entry, values);
      const { data, error } = await client.mutation(importServerMutation, { input }).toPromise();
      if (data?.createMcpServer) {
        created += 1;
        note(row.key, { step: "created", id: data.createMcpServer.id });
      } else {
        const faults = Object.values(readFieldErrors(error)).flat().join(" ");
        const message = faults || (error ? describeError(error) : "No answer came.");
        note(row.key, { step: "failed", message });
      }
    }
    announce(created === 1 ? "1 server was added." : `${created} servers were added.`);
    setRunning(false);
  }

  return {
    results,
    running,
    start: (rows: PlannedRow[], filled: Record<string, Record<string, string>>) =>
      void start(rows, filled),
  };
}
