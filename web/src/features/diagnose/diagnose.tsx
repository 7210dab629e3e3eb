import { Button, Stack, TextInput } from "@mantine/core";
import { useState, type FormEvent, type ReactNode } from "react";
import { useQuery, type CombinedError } from "urql";
import { readErrorCode, readFieldErrors } from "../../graphql/errors.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { diagnosisQuery } from "./diagnosis-query.ts";
import { DiagnosisProgress } from "./diagnosis-progress.tsx";
import { DiagnosisResult } from "./diagnosis-result.tsx";
import classes from "./diagnose.module.css";

type DiagnoseProps = {
  workspaceId: string;
  /** Of the address bar; empty: nothing is asked yet. */
  url: string;
  onAsk: (url: string) => void;
  renderAction: (url: string) => ReactNode;
};

/** A dry run of a URL, at once when the address brings one. */
export function Diagnose({ workspaceId, url, onAsk, renderAction }: DiagnoseProps) {
  const [typed, setTyped] = useState(url);
  // The address bar may change under the form: by a link, or the way back.
  const [shownUrl, setShownUrl] = useState(url);
  if (url !== shownUrl) {
    setShownUrl(url);
    setTyped(url);
  }
  const [missing, setMissing] = useState(false);
  const [{ data, error, fetching, stale }, ask] = useQuery({
    query: diagnosisQuery,
    variables: { input: { workspaceId, url } },
    // What was true a moment ago is no diagnosis.
    requestPolicy: "network-only",
    pause: url === "",
  });
  const again = () => ask({ requestPolicy: "network-only" });
  const busy = fetching || stale;
  const fault = missing ? "Enter a URL." : busy ? undefined : describeFault(error);
  const diagnosis = busy || error ? undefined : data?.diagnoseServer;

  function submit(event: FormEvent) {
    event.preventDefault();
    const next = typed.trim();
    setMissing(next === "");
    if (next === "") return;
    if (next === url) again();
    else onAsk(next);
  }

  return (
    <Stack gap="lg">
      <form className={classes["form"]} onSubmit={submit} noValidate>
        <TextInput
          className={classes["input"]}
          type="url"
          inputMode="url"
          autoComplete="off"
          aria-label="Server URL"
          placeholder="https://mcp.example.com/mcp"
          value={typed}
          error={fault}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            setMissing(false);
          }}
        />
        <Button type="submit" loading={busy}>
          Diagnose
        </Button>
      </form>
      {busy && <DiagnosisProgress key={url} url={url} />}
      {!busy && error && !fault && <ErrorNotice error={error} onRetry={again} />}
      {diagnosis && <DiagnosisResult diagnosis={diagnosis} action={renderAction(url)} />}
    </Stack>
  );
}

/** What is wrong with the URL itself. */
function describeFault(error: CombinedError | undefined): string | undefined {
  if (readErrorCode(error) !== "BAD_USER_INPUT") return undefined;
  return readFieldErrors(error)["url"]?.join(" ") ?? error?.graphQLErrors[0]?.message;
}
