import { lazy, Suspense } from "react";
import { BrowserRouter, Route, Routes } from "react-router";
import { NotFound } from "./not-found.tsx";
import { ServersPage } from "./pages/servers-page.tsx";
import { Shell } from "./shell.tsx";

// The first screen comes with the first load; the others when they are opened.
const SignInForm = lazy(async () => ({
  default: (await import("../features/session/sign-in-form.tsx")).SignInForm,
}));
const SignUpForm = lazy(async () => ({
  default: (await import("../features/session/sign-up-form.tsx")).SignUpForm,
}));
const AddPage = lazy(async () => ({ default: (await import("./pages/add-page.tsx")).AddPage }));
const ServerPage = lazy(async () => ({
  default: (await import("./pages/server-page.tsx")).ServerPage,
}));
const ToolPage = lazy(async () => ({ default: (await import("./pages/tool-page.tsx")).ToolPage }));

/**
 * Which screen stands at which address. The plain router: data comes from the GraphQL cache, so the
 * data router's loaders and actions would be 20 KiB of the first load for nothing.
 */
export function AppRoutes() {
  return (
    <BrowserRouter>
      <Suspense>
        <Routes>
          <Route path="/sign-in" element={<SignInForm />} />
          <Route path="/sign-up" element={<SignUpForm />} />
          <Route element={<Shell />}>
            <Route index element={<ServersPage />} />
            <Route path="add" element={<AddPage />} />
            <Route path="s/:serverId" element={<ServerPage />} />
            <Route path="s/:serverId/t/:toolName" element={<ToolPage />} />
            <Route path="*" element={<NotFound />} />
          </Route>
        </Routes>
      </Suspense>
    </BrowserRouter>
  );
}
