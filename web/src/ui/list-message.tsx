import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./list-message.module.css";

/** Stands where a list has nothing to show: why, and what to do next. */
export function ListMessage({ words, action }: { words: string; action?: ReactNode }) {
  return (
    <div className={`panel ${classes["message"]}`}>
      <Text c="dimmed" size="sm">
        {words}
      </Text>
      {action}
    </div>
  );
}
