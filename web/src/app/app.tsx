import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { Provider } from "urql";
import { LiveSocketProvider } from "../features/live/socket-context.tsx";
import { createGatehouseClient } from "../graphql/client.ts";
import { signInPath } from "../lib/return-path.ts";
import { resolveCssVariables, theme } from "../ui/theme.ts";
import { ErrorBoundary } from "./error-boundary.tsx";
import { AppRoutes } from "./routes.tsx";
import { Toasts } from "./toasts.tsx";

// theme.js reads the same key before the first paint.
const colorSchemeManager = localStorageColorSchemeManager({ key: "gatehouse-color-scheme" });

const { client, socket } = createGatehouseClient(window.location.origin, () => {
  const { pathname, search } = window.location;
  if (pathname !== "/sign-in" && pathname !== "/sign-up") {
    window.location.assign(signInPath(pathname + search));
  }
});

/** The providers, from the outside in. */
export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={resolveCssVariables}
      colorSchemeManager={colorSchemeManager}
      defaultColorScheme="auto"
    >
      <Toasts />
      <Provider value={client}>
        <LiveSocketProvider value={socket}>
          <ErrorBoundary>
            <AppRoutes />
          </ErrorBoundary>
        </LiveSocketProvider>
      </Provider>
    </MantineProvider>
  );
}
