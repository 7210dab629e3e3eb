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
const OwnerForm = lazy(async () => ({
  default: (await import("../features/session/owner-form.tsx")).OwnerForm,
}));
const ForgotPasswordForm = lazy(async () => ({
  default: (await import("../features/session/forgot-password-form.tsx")).ForgotPasswordForm,
}));
const ResetPasswordForm = lazy(async () => ({
  default: (await import("../features/session/reset-password-form.tsx")).ResetPasswordForm,
}));
const AddPage = lazy(async () => ({ default: (await import("./pages/add-page.tsx")).AddPage }));
const ImportPage = lazy(async () => ({
  default: (await import("./pages/import-page.tsx")).ImportPage,
}));
const AccountPage = lazy(async () => ({
  default: (await import("./pages/account-page.tsx")).AccountPage,
}));
const TokensPage = lazy(async () => ({
  default: (await import("./pages/tokens-page.tsx")).TokensPage,
}));
const WebhooksPage = lazy(async () => ({
  default: (await import("./pages/webhooks-page.tsx")).WebhooksPage,
}));
const DiagnosePage = lazy(async () => ({
  default: (await import("./pages/diagnose-page.tsx")).DiagnosePage,
}));
const ApiPage = lazy(async () => ({ default: (await import("./pages/api-page.tsx")).ApiPage }));
const InvitationPage = lazy(async () => ({
  default: (await import("./pages/invitation-page.tsx")).InvitationPage,
}));
const MembersPage = lazy(async () => ({
  default: (await import("./pages/members-page.tsx")).MembersPage,
}));
const WorkspacePage = lazy(async () => ({
  default: (await import("./pages/workspace-page.tsx")).WorkspacePage,
}));
const ServerPage = lazy(async () => ({
  default: (await import("./pages/server-page.tsx")).ServerPage,
}));
const ToolPage = lazy(async () => ({ default: (await import("./pages/tool-page.tsx")).ToolPage }));

const ActivityPage = lazy(async () => ({
  default: (await import("./pages/activity-page.tsx")).ActivityPage,
}));
const RunsPage = lazy(async () => ({ default: (await import("./pages/runs-page.tsx")).RunsPage }));
const RunPage = lazy(async () => ({ default: (await import("./pages/run-page.tsx")).RunPage }));
const DashboardPage = lazy(async () => ({
  default: (await import("./pages/dashboard-page.tsx")).DashboardPage,
}));

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
          <Route path="/create-account" element={<OwnerForm />} />
          <Route path="/forgot-password" element={<ForgotPasswordForm />} />
          <Route path="/reset-password" element={<ResetPasswordForm />} />
          <Route path="/invite/:token" element={<InvitationPage />} />
          <Route element={<Shell />}>
            <Route index element={<ServersPage />} />
            <Route path="add" element={<AddPage />} />
            <Route path="import" element={<ImportPage />} />
            <Route path="s/:serverId" element={<ServerPage />} />
            <Route path="s/:serverId/t/:toolName" element={<ToolPage />} />
            <Route path="members" element={<MembersPage />} />
            <Route path="workspace" element={<WorkspacePage />} />
            <Route path="account" element={<AccountPage />} />
            <Route path="tokens" element={<TokensPage />} />
            <Route path="webhooks" element={<WebhooksPage />} />
            <Route path="diagnose" element={<DiagnosePage />} />
            <Route path="api" element={<ApiPage />} />
            <Route path="activity" element={<ActivityPage />} />
            <Route path="runs" element={<RunsPage />} />
            <Route path="runs/:runId" element={<RunPage />} />
            <Route path="dashboard" element={<DashboardPage />} />
            <Route path="*" element={<NotFound />} />
          </Route>
        </Routes>
      </Suspense>
    </BrowserRouter>
  );
}
