import { Button, Group, Stack, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useMutation, useQuery, type CombinedError } from "urql";
import { readErrorCode, readFieldErrors, sortFieldErrors } from "../../graphql/errors.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { suggestName } from "../../lib/format.ts";
import { Disclosure } from "../../ui/disclosure.tsx";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { Notice } from "../../ui/notice.tsx";
import { AdvancedFields } from "./advanced-fields.tsx";
import { detectServerQuery, looksLikeUrl } from "./detect-server.ts";
import { Detecting, DetectionCard, DetectionFailure } from "./detection-card.tsx";
import {
  actsForItself,
  isAddField,
  toCreateInput,
  useAddForm,
  type AddValues,
} from "./add-form.ts";

const createServerMutation = graphql(`
  mutation CreateServer($input: CreateMcpServerInput!) {
    createMcpServer(input: $input) {
      id
      ...ServerRow_server
      ...ServerStatus_server
    }
  }
`);

/** Opened in the click, before the server is there; then used for it, or closed. */
type SignIn = { begin: (serverId: string) => void; abandon: () => void };

type AddServerFormProps = {
  workspaceId: string;
  url: string;
  /** In the click. Where no person is needed nothing is opened. */
  openSignIn: (needsPerson: boolean) => SignIn;
  onAdded: (serverId: string) => void;
};

/** A URL is pasted, looked at, and added; the rest is filled in by what was found. */
export function AddServerForm({ workspaceId, url, openSignIn, onAdded }: AddServerFormProps) {
  const form = useAddForm(url);
  const [advanced, setAdvanced] = useState(false);
  const [failure, setFailure] = useState<CombinedError>();
  const [others, setOthers] = useState<string[]>([]);
  const [{ fetching }, createServer] = useMutation(createServerMutation);
  const typed = form.values.url.trim();
  const [settled] = useDebouncedValue(typed, 350);
  const ready = looksLikeUrl(settled);
  const [detection] = useQuery({
    query: detectServerQuery,
    variables: { workspaceId, url: settled },
    pause: !ready,
    requestPolicy: "network-only",
  });
  const current = ready && settled === typed && !detection.fetching;
  const found = current ? detection.data?.detectServer : undefined;
  const urlFault = current ? readFieldErrors(detection.error)["url"]?.join(" ") : undefined;
  const opened = advanced || found?.clientRequired === true || found?.authType === "HEADERS";
  const suggested = suggestName(typed);

  const mayConnect =
    found?.authType === "OAUTH" && (!found.clientRequired || form.values.oauthClientId !== "");

  async function submit(values: AddValues, connect: boolean) {
    const signIn = connect ? openSignIn(!actsForItself(values)) : undefined;
    setFailure(undefined);
    setOthers([]);
    const input = toCreateInput(workspaceId, values, suggested);
    const { data, error } = await createServer({ input });
    if (data?.createMcpServer) {
      signIn?.begin(data.createMcpServer.id);
      return onAdded(data.createMcpServer.id);
    }
    signIn?.abandon();
    const sorted = sortFieldErrors(readFieldErrors(error), isAddField);
    form.setErrors(sorted.fields);
    setOthers(sorted.others);
    if (Object.keys(sorted.fields).some((field) => field !== "url" && field !== "name"))
      setAdvanced(true);
    if (error && readErrorCode(error) !== "BAD_USER_INPUT") setFailure(error);
  }

  return (
    <form onSubmit={form.onSubmit((values) => void submit(values, mayConnect))} noValidate>
      <Stack gap="lg">
        {failure && <ErrorNotice error={failure} />}
        {others.map((sentence) => (
          <Notice key={sentence} tone="bad" role="alert" title={sentence} />
        ))}
        <TextInput
          label="URL"
          description="The address of the MCP server, as its documentation gives it"
          placeholder="https://mcp.example.com/mcp"
          type="url"
          inputMode="url"
          autoComplete="off"
          required
          data-autofocus
          {...form.getInputProps("url")}
          error={form.errors["url"] ?? urlFault}
        />
        {ready && (settled !== typed || detection.fetching) && <Detecting />}
        {found && (
          <DetectionCard
            detection={found}
            onUseUrl={(address) => form.setFieldValue("url", address)}
          />
        )}
        {current && detection.error && <DetectionFailure error={detection.error} />}
        <TextInput
          label="Name"
          placeholder={suggested || "Notes"}
          {...form.getInputProps("name")}
        />
        <Disclosure label="Advanced" opened={opened} onToggle={() => setAdvanced(!opened)}>
          <AdvancedFields form={form} />
        </Disclosure>
        <Group>
          <Button type="submit" loading={fetching}>
            {mayConnect ? "Add and connect" : "Add server"}
          </Button>
          {mayConnect && (
            <Button
              variant="default"
              disabled={fetching}
              onClick={() => form.onSubmit((values) => void submit(values, false))()}
            >
              Only add
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}
