import { useNotifications } from "@mantine/notifications";
import { lazy, Suspense, useState } from "react";

const ToastStack = lazy(async () => ({ default: (await import("./toast-stack.tsx")).ToastStack }));

/** Short messages about one's own actions; what shows them is loaded with the first. */
export function Toasts() {
  const { notifications } = useNotifications();
  const [isWanted, setWanted] = useState(false);
  if (notifications.length > 0 && !isWanted) setWanted(true);
  if (!isWanted) return null;
  return (
    <Suspense>
      <ToastStack />
    </Suspense>
  );
}
