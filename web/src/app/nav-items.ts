import {
  IconActivity,
  IconApi,
  IconChartBar,
  IconHistory,
  IconKey,
  IconServer2,
  IconSettings,
  IconStethoscope,
  IconUsers,
  IconWebhook,
} from "@tabler/icons-react";

export type NavItem = {
  label: string;
  to: string;
  icon: typeof IconServer2;
  /** Beginnings of further addresses that belong to it. */
  also?: string[];
};

export type NavGroup = { label: string | null; items: NavItem[] };

/** Every screen that one goes to from anywhere, in the order of the side bar. */
export const navGroups: NavGroup[] = [
  {
    label: null,
    items: [
      { label: "Servers", to: "/", icon: IconServer2, also: ["/s/", "/add", "/import"] },
      { label: "Activity", to: "/activity", icon: IconActivity },
      { label: "Runs", to: "/runs", icon: IconHistory, also: ["/runs/"] },
      { label: "Dashboard", to: "/dashboard", icon: IconChartBar },
    ],
  },
  {
    label: "Settings",
    items: [
      { label: "Members", to: "/members", icon: IconUsers },
      { label: "API tokens", to: "/tokens", icon: IconKey },
      { label: "Webhooks", to: "/webhooks", icon: IconWebhook, also: ["/webhooks/"] },
      { label: "Workspace", to: "/workspace", icon: IconSettings },
    ],
  },
  {
    label: "For builders",
    items: [
      { label: "Diagnose", to: "/diagnose", icon: IconStethoscope },
      { label: "API", to: "/api", icon: IconApi },
    ],
  },
];

/** "page": it is the screen itself; "true": the screen lies within it. */
export function readCurrent(item: NavItem, pathname: string): "page" | "true" | undefined {
  if (pathname === item.to) return "page";
  return item.also?.some((start) => pathname.startsWith(start)) ? "true" : undefined;
}
