import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

const graphite: MantineColorsTuple = [
  "#e6e8ec",
  "#c3c8d0",
  "#a4abb8",
  "#7a8291",
  "#454c59",
  "#333945",
  "#262b35",
  "#181b22",
  "#13161c",
  "#0e1015",
];

/** Contrast: with these settings text, placeholders, errors and links reach AA in both schemes. */
export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 8, dark: 8 },
  autoContrast: true,
  luminanceThreshold: 0.179,
  defaultRadius: "md",
  radius: { md: "0.4375rem", lg: "0.75rem" },
  cursorType: "pointer",
  colors: { dark: graphite },
  fontFamily:
    'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif',
  fontFamilyMonospace:
    'ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  headings: {
    fontWeight: "620",
    sizes: {
      h1: { fontSize: "1.5rem", lineHeight: "1.3" },
      h2: { fontSize: "1.0625rem", lineHeight: "1.4" },
      h3: { fontSize: "0.9375rem", lineHeight: "1.45" },
    },
  },
  components: {
    Tooltip: { defaultProps: { withArrow: true, openDelay: 300 } },
  },
});

export const resolveCssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#ffffff",
    "--mantine-color-text": "#171b24",
    "--mantine-color-dimmed": "#5b6270",
    "--mantine-color-placeholder": "#6b7280",
    "--mantine-color-error": "#c92a2a",
    "--mantine-color-anchor": "#364fc7",
    "--gh-canvas": "#f7f8fa",
    "--gh-line": "#e3e6eb",
    "--gh-hover": "#f4f5f8",
    "--gh-code": "#f4f5f8",
    "--gh-good": "#20703a",
    "--gh-busy": "#1864ab",
    "--gh-act": "#8f4a00",
    "--gh-off": "#5b6270",
    "--gh-bad": "#c02626",
    "--gh-good-soft": "#e9f7ed",
    "--gh-busy-soft": "#e7f3fd",
    "--gh-act-soft": "#fff4dc",
    "--gh-off-soft": "#f0f1f4",
    "--gh-bad-soft": "#fdecec",
  },
  dark: {
    "--mantine-color-body": "#181b22",
    "--mantine-color-text": "#dfe2e8",
    "--mantine-color-dimmed": "#a4abb8",
    "--mantine-color-placeholder": "#949ba8",
    "--mantine-color-error": "#ff8787",
    "--mantine-color-anchor": "#91a7ff",
    "--gh-canvas": "#101218",
    "--gh-line": "#2b303b",
    "--gh-hover": "#1e222b",
    "--gh-code": "#12151b",
    "--gh-good": "#69db7c",
    "--gh-busy": "#74c0fc",
    "--gh-act": "#ffc46b",
    "--gh-off": "#a4abb8",
    "--gh-bad": "#ff8787",
    "--gh-good-soft": "#16281d",
    "--gh-busy-soft": "#15263a",
    "--gh-act-soft": "#30240f",
    "--gh-off-soft": "#232833",
    "--gh-bad-soft": "#351a1d",
  },
});
