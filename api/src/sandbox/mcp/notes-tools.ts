import { setTimeout as delay } from "node:timers/promises";
import { requireScopes, type McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { priorities, type Note, type Notebook } from "./notes-store.ts";

const tags = z.array(z.string().min(1).max(30)).max(10);
const note = z.object({
  id: z.string(),
  title: z.string(),
  body: z.string(),
  tags: z.array(z.string()),
  priority: z.enum(priorities),
  createdAt: z.iso.datetime(),
});
const noteList = z.object({ notes: z.array(note), total: z.number().int() });

function answer<T extends Record<string, unknown>>(text: string, structuredContent: T) {
  return { content: [{ type: "text" as const, text }], structuredContent };
}

function answerNotes(notes: Note[], total: number) {
  const lines = notes.map(({ title, priority }) => `- ${title} (${priority})`);
  return answer(lines.join("\n") || "No notes.", { notes, total });
}

export function registerReadingTools(server: McpServer, notebook: Notebook): void {
  server.registerTool(
    "list_notes",
    {
      title: "List notes",
      description: "Lists your notes, newest first, or only those with one tag.",
      inputSchema: z.object({
        tag: z.string().optional().describe("Only notes with this tag"),
        limit: z.number().int().min(1).max(100).default(20).describe("How many at most"),
      }),
      outputSchema: noteList,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ tag, limit }) => {
      const found = notebook.list().filter((each) => !tag || each.tags.includes(tag));
      return answerNotes(found.slice(0, limit), found.length);
    },
  );

  server.registerTool(
    "search_notes",
    {
      title: "Search notes",
      description: "Finds notes whose title, text or tags contain the words, in any case.",
      inputSchema: z.object({ query: z.string().min(1).describe("Words to look for") }),
      outputSchema: noteList,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ query }) => {
      const words = query.toLowerCase().split(/\s+/).filter(Boolean);
      const found = notebook.list().filter(({ title, body, tags: noteTags }) => {
        const text = [title, body, ...noteTags].join(" ").toLowerCase();
        return words.every((word) => text.includes(word));
      });
      return answerNotes(found, found.length);
    },
  );

  server.registerTool(
    "export_notes",
    {
      title: "Export all notes",
      description: "Gives all your notes in one file. Needs the wider permission notes:export.",
      inputSchema: z.object({
        format: z.enum(["markdown", "json"]).default("markdown").describe("Format of the file"),
      }),
      outputSchema: z.object({ fileName: z.string(), text: z.string() }),
      annotations: { readOnlyHint: true, openWorldHint: false },
      scopeChallenge: requireScopes("notes:export"),
    },
    ({ format }) => {
      const notes = notebook.list();
      const text =
        format === "json"
          ? JSON.stringify(notes, null, 2)
          : notes.map(({ title, body }) => `# ${title}\n\n${body}\n`).join("\n");
      return answer(text, { fileName: `notes.${format === "json" ? "json" : "md"}`, text });
    },
  );
}

export function registerWritingTools(server: McpServer, notebook: Notebook): void {
  server.registerTool(
    "add_note",
    {
      title: "Add a note",
      description: "Adds a note to your notebook.",
      inputSchema: z.object({
        title: z.string().min(1).max(120).describe("One line"),
        body: z.string().max(10_000).default("").describe("The text of the note"),
        tags: tags.default([]).describe("Words to find it by"),
        priority: z.enum(priorities).default("normal").describe("How much it matters"),
      }),
      outputSchema: z.object({ note }),
      annotations: { destructiveHint: false, idempotentHint: false, openWorldHint: false },
      scopeChallenge: requireScopes("notes:write"),
    },
    (input) => {
      const added = notebook.add(input);
      return answer(`Added "${added.title}".`, { note: added });
    },
  );

  server.registerTool(
    "delete_note",
    {
      title: "Delete a note",
      description: "Deletes a note for good. There is no way back.",
      inputSchema: z.object({ id: z.string().describe("The id that list_notes shows") }),
      outputSchema: z.object({ deleted: z.boolean() }),
      annotations: { destructiveHint: true, idempotentHint: true, openWorldHint: false },
      scopeChallenge: requireScopes("notes:write"),
    },
    ({ id }) => {
      const deleted = notebook.remove(id);
      if (deleted) return answer("Deleted.", { deleted });
      return { ...answer(`There is no note with the id ${id}.`, { deleted }), isError: true };
    },
  );
}

export function registerSlowTool(server: McpServer): void {
  server.registerTool(
    "count_slowly",
    {
      title: "Count slowly",
      description: "Counts from one upwards and reports its progress; it can be cancelled.",
      inputSchema: z.object({
        to: z.number().int().min(1).max(1000).default(10).describe("Where to stop"),
        delayMs: z
          .number()
          .int()
          .min(0)
          .max(60_000)
          .default(500)
          .describe("Pause before each number, in milliseconds"),
      }),
      outputSchema: z.object({ counted: z.number().int() }),
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    async ({ to, delayMs }, { mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken;
      for (let progress = 1; progress <= to; progress += 1) {
        await delay(delayMs, undefined, { signal: mcpReq.signal });
        if (progressToken === undefined) continue;
        const message = `Counted to ${progress} of ${to}`;
        const params = { progressToken, progress, total: to, message };
        await mcpReq.notify({ method: "notifications/progress", params });
      }
      return answer(`Counted to ${to}.`, { counted: to });
    },
  );
}
