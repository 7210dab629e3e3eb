import { Button, Menu } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";

const formats = [
  ["csv", "CSV, for a spreadsheet"],
  ["json", "JSON, for a program"],
] as const;

/** Downloads a whole list as it is filtered, however long it is. */
export function ExportMenu({ pathOf }: { pathOf: (format: "csv" | "json") => string }) {
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {formats.map(([format, words]) => (
          <Menu.Item key={format} component="a" href={pathOf(format)} download>
            {words}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
