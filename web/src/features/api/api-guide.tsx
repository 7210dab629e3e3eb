import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { Link } from "react-router";
import { CodeBlock } from "../../ui/code-block.tsx";
import { CopyTextButton } from "../../ui/copy-text-button.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Section } from "../../ui/section.tsx";

/** The way into the API: try it, read it, call it. */
export function ApiGuide({ origin }: { origin: string }) {
  const address = `${origin}/graphql`;
  return (
    <Stack gap="lg">
      <Section title="Try it here">
        <Text size="sm" mb="md">
          GraphiQL runs operations as you, with every field described. It opens with four examples:
          list what needs sign-in, run a tool, follow changes live, and make an API token. What it
          changes is really changed.
        </Text>
        <Group gap="sm">
          {/* Pages of the API itself, which the app's router does not know. */}
          <Button component="a" href="/graphiql">
            Open GraphiQL
          </Button>
          <Button
            component="a"
            href="/graphql/schema.graphql"
            download="gatehouse.graphql"
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            Download the schema
          </Button>
        </Group>
      </Section>
      <Section title="Call it from a program">
        <Stack gap="md">
          <Facts
            facts={[
              ["Requests", "Queries and mutations by POST, with a JSON body."],
              ["Subscriptions", "Server-sent events, or WebSocket with graphql-transport-ws."],
              [
                "Sign-in",
                <>
                  <Anchor component={Link} to="/tokens" inherit underline="always">
                    Make an API token
                  </Anchor>{" "}
                  and send it as a bearer token.
                </>,
              ],
              [
                "Being told",
                <>
                  <Anchor component={Link} to="/webhooks" inherit underline="always">
                    Set up a webhook
                  </Anchor>{" "}
                  if your program should not have to stay connected.
                </>,
              ],
            ]}
          />
          <Stack gap={6} align="flex-start">
            <Text size="sm">The address for all of it:</Text>
            <Group gap="sm" wrap="nowrap" w="100%">
              <div style={{ flex: 1, minWidth: 0 }}>
                <CodeBlock label="API address" text={address} />
              </div>
              <CopyTextButton value={address} />
            </Group>
          </Stack>
        </Stack>
      </Section>
    </Stack>
  );
}
