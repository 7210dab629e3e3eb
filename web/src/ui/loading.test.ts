import { MantineProvider } from "@mantine/core";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { Loading } from "./loading.tsx";

it("a spinner has a role, without which ARIA allows no name", () => {
  const spinner = createElement(Loading, { label: "Loading the form" });
  const html = renderToStaticMarkup(createElement(MantineProvider, null, spinner));
  const [tag = ""] = /<span[^>]*aria-label="Loading the form"[^>]*>/.exec(html) ?? [];
  expect(tag).toContain('role="status"');
});
