/** Draws the modules of `api/src` and their imports into `docs/architecture.svg`; `--check` only compares. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type ImportCounts, layerImports, type LayeredImports } from "./import-graph.ts";
import { BOX, type Layout, layOut, type PlacedArrow } from "./layered-layout.ts";
import { readSourceFiles, type SourceFile } from "./source-imports.ts";
import { ROOT } from "./tool.ts";

const file = join(ROOT, "docs/architecture.svg");
const margin = 24;
const panelGap = 36;
const titleHeight = 34;
const lineHeight = 20;

/** The second line of a box. */
const purposes: Readonly<Record<string, string>> = {
  async: "Tasks, timers, deadlines",
  "back-up": "Back-up and restore",
  cluster: "Cluster membership",
  config: "Environment and key files",
  crypto: "Encryption, signatures",
  egress: "The guarded fetch",
  events: "Event log, notifications",
  graphql: "Schema and resolvers",
  http: "Server, sign-in, sockets",
  keys: "Key rotation",
  mail: "SMTP",
  mcp: "MCP client, session pool",
  oauth: "OAuth protocol, no I/O",
  process: "Start and shutdown",
  sandbox: "Local OAuth, MCP servers",
  services: "Use cases, by noun",
  storage: "Stores in PostgreSQL",
  "services/access": "Roles, limits, input",
  "services/cache": "Cached database rows",
  "services/catalog": "Tool lists and policies",
  "services/consent": "OAuth flows",
  "services/discovery": "Detection and diagnosis",
  "services/event": "Subscriptions and exports",
  "services/grant": "Tokens of accounts",
  "services/operations": "Metrics, housekeeping",
  "services/server": "MCP servers and settings",
  "services/session": "MCP sessions",
  "services/tool": "Executions, elicitations",
  "services/webhook": "Endpoints and deliveries",
  "services/workspace": "Members and invitations",
};

/** Both sets of colors are part of the file: it is shown as an image, without the page's styles. */
const style = `
  svg { --paper: #ffffff; --box: #f6f8fa; --edge: #8c959f; --text: #1f2328; --muted: #59636e; --arrow: #6e7781; --upward: #bc4c00; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #0d1117; --box: #1c2430; --edge: #6e7681; --text: #e6edf3; --muted: #9da7b3; --arrow: #8b949e; --upward: #f0883e; }
  }
  .paper { fill: var(--paper); }
  .box { fill: var(--box); stroke: var(--edge); }
  text { font: 11px system-ui, sans-serif; fill: var(--muted); }
  .name { font: 600 13px ui-monospace, monospace; fill: var(--text); text-anchor: middle; }
  .purpose { text-anchor: middle; }
  .title { font: 600 15px system-ui, sans-serif; fill: var(--text); }
  .note { font-size: 12px; }
  .arrow { fill: none; stroke: var(--arrow); stroke-width: 1.3; }
  .upward { stroke: var(--upward); stroke-dasharray: 5 3; }
  .tip { fill: var(--arrow); }
  .upward-tip { fill: var(--upward); }`;

interface Panel {
  title: string;
  prefix: string;
  imports: LayeredImports;
}

/** @param groupOf the group of a file, by its path in `api/src`; null: not drawn */
function countImports(
  files: readonly SourceFile[],
  groupOf: (path: string) => string | null,
): ImportCounts {
  const counts = new Map<string, Map<string, number>>();
  const root = join(ROOT, "api/src");
  for (const { path, imports } of files) {
    const from = groupOf(relative(root, path));
    if (from === null) continue;
    const targets = counts.get(from) ?? new Map<string, number>();
    counts.set(from, targets);
    for (const { target } of imports) {
      const to = target === null ? null : groupOf(relative(root, target));
      if (to !== null && to !== from) targets.set(to, (targets.get(to) ?? 0) + 1);
    }
  }
  return counts;
}

/** The folder below `prefix`; null for the files beside it. */
function folderBelow(prefix: string) {
  return (path: string) => {
    const [folder = "", ...rest] = path.startsWith(prefix)
      ? path.slice(prefix.length).split("/")
      : [];
    return rest.length === 0 ? null : folder;
  };
}

function drawDiagram(panels: readonly Panel[]): string {
  const layouts = panels.map(({ imports }) => layOut(imports));
  const hasUpward = panels.some(({ imports }) => imports.upward.length > 0);
  const notes = [
    "An arrow leads from a module to a module that it imports. Imports that follow from other arrows are not drawn.",
    "The files directly in api/src, such as app.ts, compose these modules and are not drawn. Tests are left out.",
    ...(hasUpward ? ["A dashed arrow is an import against the direction of the layers."] : []),
  ];
  const width = Math.max(...layouts.map((layout) => layout.width)) + margin * 2;
  let top = margin;
  const drawn = panels.flatMap((panel, index) => {
    const layout = layouts[index];
    if (!layout) return [];
    const text = drawPanel(panel, layout, Math.round((width - layout.width) / 2), top);
    top += titleHeight + layout.height + panelGap;
    return [text];
  });
  const height = top + (notes.length - 1) * lineHeight + margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">`,
    `<title id="title">The modules of api/src and the direction of their imports</title>`,
    `<style>${style}\n</style>`,
    `<defs>`,
    drawTip("tip"),
    drawTip("upward-tip"),
    `</defs>`,
    `<rect class="paper" width="${width}" height="${height}" rx="8"/>`,
    ...drawn,
    ...notes.map((note, line) => drawText("note", margin, top + line * lineHeight, note)),
    `</svg>`,
    "",
  ].join("\n");
}

function drawPanel({ title, prefix }: Panel, layout: Layout, left: number, top: number): string {
  return [
    drawText("title", margin, top + 14, title),
    `<g transform="translate(${left} ${top + titleHeight})">`,
    ...layout.arrows.map(drawArrow),
    ...layout.boxes.map(({ name, x, y }) => {
      const middle = x + BOX.width / 2;
      const purpose = purposes[prefix + name] ?? "";
      return [
        `<rect class="box" x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="6"/>`,
        drawText("name", middle, y + (purpose ? 20 : 28), name),
        ...(purpose ? [drawText("purpose", middle, y + 36, purpose)] : []),
      ].join("\n");
    }),
    `</g>`,
  ].join("\n");
}

function drawArrow({ points, isUpward }: PlacedArrow): string {
  const [start, ...rest] = points;
  if (!start) return "";
  let previous = start;
  const curves = rest.map((point) => {
    const middle = (previous.y + point.y) / 2;
    const curve = `C${previous.x} ${middle} ${point.x} ${middle} ${point.x} ${point.y}`;
    previous = point;
    return curve;
  });
  const [kind, tip] = isUpward ? ["arrow upward", "upward-tip"] : ["arrow", "tip"];
  return `<path class="${kind}" marker-end="url(#${tip})" d="M${start.x} ${start.y}${curves.join("")}"/>`;
}

function drawTip(name: string): string {
  return `<marker id="${name}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="${name}" d="M0 0L8 4L0 8z"/></marker>`;
}

function drawText(kind: string, x: number, y: number, text: string): string {
  return `<text class="${kind}" x="${x}" y="${y}">${text}</text>`;
}

const files = readSourceFiles("api/src").filter(
  ({ path }) => !/\.test\.ts$|\/testing\//.test(path),
);
const panels = [
  { title: "Modules of api/src", prefix: "" },
  { title: "Nouns of api/src/services", prefix: "services/" },
].map(({ title, prefix }) => ({
  title,
  prefix,
  imports: layerImports(countImports(files, folderBelow(prefix))),
}));
const diagram = drawDiagram(panels);

if (!process.argv.includes("--check")) {
  writeFileSync(file, diagram);
} else if (readFileSync(file, "utf8") !== diagram) {
  console.error("docs/architecture.svg is out of date: node api/commands/architecture-diagram.ts");
  process.exitCode = 1;
}
