import { Button, Center, Stack, Text, Title } from "@mantine/core";

/** In the place of a screen that broke. */
export function BrokenScreen({ error }: { error: unknown }) {
  return (
    <Center mih="100dvh" p="lg" component="main">
      <Stack gap="md" align="center" maw={480}>
        <Title order={1}>This screen could not be shown</Title>
        <Text c="dimmed" ta="center">
          Reloading usually helps. What you entered elsewhere is kept.
        </Text>
        <Button onClick={() => window.location.reload()}>Reload</Button>
        <details>
          <summary>Details</summary>
          <Text size="xs" className="mono">
            {error instanceof Error ? error.message : "Unknown error"}
          </Text>
        </details>
      </Stack>
    </Center>
  );
}
