import "@mantine/core/styles/Drawer.css";
import { Drawer, Group } from "@mantine/core";
import { Navigation } from "./navigation.tsx";

type NavDrawerProps = { opened: boolean; onClose: () => void };

/** The navigation on a narrow screen. */
export function NavDrawer({ opened, onClose }: NavDrawerProps) {
  return (
    <Drawer.Root opened={opened} onClose={onClose} size={264}>
      <Drawer.Overlay />
      <Drawer.Content>
        <Drawer.Body p="md">
          <Group justify="space-between" mb="md" px={10}>
            <Drawer.Title fw={620}>Gatehouse</Drawer.Title>
            <Drawer.CloseButton aria-label="Close the menu" />
          </Group>
          <Navigation label="Menu" onGo={onClose} />
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}
