import { Button, Divider, Text, TextInput, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconFlask } from "@tabler/icons-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useMutation, useQuery } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { describeError } from "../../lib/describe-error.ts";
import { addPath } from "../../lib/paths.ts";
import classes from "./empty-servers.module.css";

const sandboxQuery = graphql(`
  query EmptyServers_sandbox {
    sandbox {
      servers {
        name
        url
      }
    }
  }
`);

const addSandboxServersMutation = graphql(`
  mutation AddSandboxServers($workspaceId: ID!) {
    addSandboxServers(workspaceId: $workspaceId) {
      id
      ...ServerRow_server
      ...ServerStatus_server
    }
  }
`);

/** The first screen of a new workspace: a place for a URL, and a way to try it without having one. */
export function EmptyServers({ workspaceId, mayAdd }: { workspaceId: string; mayAdd: boolean }) {
  const navigate = useNavigate();
  const [url, setUrl] = useState("");
  if (!mayAdd) {
    return (
      <div className={`panel ${classes["empty"]}`}>
        <Title order={2}>No servers yet</Title>
        <Text c="dimmed">An admin of this workspace can add the first one.</Text>
      </div>
    );
  }
  return (
    <div className={`panel ${classes["empty"]}`}>
      <Title order={2} size="h1" ta="center">
        Connect your first server
      </Title>
      <Text c="dimmed" ta="center" maw={460}>
        Paste the URL of an MCP server. Gatehouse finds out what it asks for, signs you in, and
        keeps the access alive.
      </Text>
      <form
        className={classes["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          void navigate(addPath(url.trim()));
        }}
      >
        <TextInput
          className={classes["input"]}
          size="md"
          type="url"
          inputMode="url"
          autoComplete="off"
          aria-label="Server URL"
          placeholder="https://mcp.example.com/mcp"
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          // A whole address needs no further click.
          onPaste={(event) => {
            const pasted = event.clipboardData.getData("text").trim();
            if (url !== "" || !/^https?:\/\/\S+$/i.test(pasted)) return;
            event.preventDefault();
            void navigate(addPath(pasted));
          }}
        />
        <Button type="submit" size="md">
          Continue
        </Button>
      </form>
      <SandboxOffer workspaceId={workspaceId} />
    </div>
  );
}

function SandboxOffer({ workspaceId }: { workspaceId: string }) {
  const [{ data }] = useQuery({ query: sandboxQuery });
  const [{ fetching }, addServers] = useMutation(addSandboxServersMutation);
  if (!data?.sandbox) return null;

  async function add() {
    const { error } = await addServers({ workspaceId });
    if (error) notifications.show({ color: "red", message: describeError(error) });
  }

  return (
    <>
      <Divider label="or" w="100%" maw={460} />
      <Button
        variant="default"
        leftSection={<IconFlask size={16} aria-hidden />}
        loading={fetching}
        onClick={() => void add()}
      >
        Try it with the sandbox
      </Button>
      <Text c="dimmed" size="sm" ta="center">
        Adds {data.sandbox.servers.map((server) => server.name).join(" and ")}, which run on this
        machine.
      </Text>
    </>
  );
}
