import { McpServer, ResourceTemplate } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";
import { drawForecast } from "./weather-chart.ts";
import { cities, forecast, skies, type City, type Day } from "./weather-data.ts";

const city = z.enum(cities).describe("One of the cities that Acme watches");
const days = z.number().int().min(1).max(7).default(3).describe("How many days, from today");
const day = z.object({
  date: z.iso.date(),
  sky: z.enum(skies),
  low: z.number().describe("Degrees Celsius"),
  high: z.number().describe("Degrees Celsius"),
});
const annotations = { readOnlyHint: true, openWorldHint: false };

function answer<T extends Record<string, unknown>>(text: string, structuredContent: T) {
  return { content: [{ type: "text" as const, text }], structuredContent };
}

function describeDay({ date, sky, low, high }: Day): string {
  return `${date}: ${sky}, ${low} to ${high} °C`;
}

function registerForecastTools(server: McpServer, now: () => Date): void {
  server.registerTool(
    "get_forecast",
    {
      title: "Get the forecast",
      description: "The weather in one city for the next days.",
      inputSchema: { city, days },
      outputSchema: { city, days: z.array(day) },
      annotations,
    },
    (input) => {
      const found = forecast(input.city, input.days, now());
      return answer(found.map(describeDay).join("\n"), { city: input.city, days: found });
    },
  );

  server.registerTool(
    "compare_cities",
    {
      title: "Compare cities",
      description: "Which of two to four cities is the warmest today.",
      inputSchema: { cities: z.array(city).min(2).max(4).describe("The cities to compare") },
      outputSchema: { warmest: city, highs: z.record(z.string(), z.number()) },
      annotations,
    },
    (input) => {
      const today = input.cities.flatMap((name) =>
        forecast(name, 1, now()).map(({ high }): [City, number] => [name, high]),
      );
      const [warmest] = today.toSorted(([, left], [, right]) => right - left)[0] ?? ["Lisbon", 0];
      const highs = Object.fromEntries(today);
      return answer(`${warmest} is the warmest today.`, { warmest, highs });
    },
  );
}

function registerRichTools(server: McpServer, now: () => Date): void {
  server.registerTool(
    "draw_forecast",
    {
      title: "Draw the forecast",
      description: "The forecast of a city as a small bar chart.",
      inputSchema: { city, days },
      annotations,
    },
    (input) => {
      const found = forecast(input.city, input.days, now());
      const data = drawForecast(found).toString("base64");
      return {
        content: [
          { type: "image", data, mimeType: "image/png" },
          {
            type: "text",
            text: `Lows to highs in ${input.city}, ${found.length} days from today.`,
          },
        ],
      };
    },
  );

  server.registerTool(
    "get_report",
    {
      title: "Get the weather report",
      description: "A link to the report of a city, which can be read as a resource.",
      inputSchema: { city },
      annotations,
    },
    (input) => ({
      content: [
        { type: "text", text: `The report of ${input.city} is ready.` },
        {
          type: "resource_link",
          uri: `weather://reports/${input.city}`,
          name: `report-${input.city.toLowerCase()}`,
          title: `Weather report of ${input.city}`,
          mimeType: "text/markdown",
        },
      ],
    }),
  );
}

function registerReports(server: McpServer, now: () => Date): void {
  const template = new ResourceTemplate("weather://reports/{city}", { list: undefined });
  const description = "The week in one city, as Markdown.";
  server.registerResource(
    "report",
    template,
    { title: "Weather report", description, mimeType: "text/markdown" },
    (uri, variables) => {
      const name = city.parse(variables.city);
      const lines = forecast(name, 7, now()).map((each) => `- ${describeDay(each)}`);
      const text = [`# ${name}`, "", ...lines, ""].join("\n");
      return { contents: [{ uri: uri.href, mimeType: "text/markdown", text }] };
    },
  );
}

/** The MCP server of one session of Acme Weather. */
export function createWeatherMcpServer(now: () => Date): McpServer {
  const server = new McpServer(
    { name: "acme-weather", title: "Acme Weather", version: "1.0.0" },
    { instructions: "Made-up weather for six cities." },
  );
  registerForecastTools(server, now);
  registerRichTools(server, now);
  registerReports(server, now);
  return server;
}
