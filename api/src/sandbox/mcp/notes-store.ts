import { randomUUID } from "node:crypto";

export const priorities = ["low", "normal", "high"] as const;
type Priority = (typeof priorities)[number];

export interface Note {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly tags: string[];
  readonly priority: Priority;
  /** ISO 8601. */
  readonly createdAt: string;
}

type NewNote = Omit<Note, "id" | "createdAt">;

/** The notes of one account, newest first. */
export interface Notebook {
  list(): Note[];
  add(note: NewNote): Note;
  /** False when there is no such note. */
  remove(id: string): boolean;
}

const firstNotes: readonly NewNote[] = [
  {
    title: "Welcome to Acme Notes",
    body: "These notes are yours alone. Add one, search for it, delete it.",
    tags: ["welcome"],
    priority: "normal",
  },
  {
    title: "Book the train to Lisbon",
    body: "Night train on Thursday, window seat. Ask Ben about the hotel.",
    tags: ["travel", "todo"],
    priority: "high",
  },
  {
    title: "Lentil soup",
    body: "Red lentils, cumin, a lemon at the end. Better on the second day.",
    tags: ["recipe"],
    priority: "low",
  },
];

function createNotebook(): Notebook {
  const notes: Note[] = [];
  const add = (note: NewNote): Note => {
    const added = { ...note, id: randomUUID(), createdAt: new Date().toISOString() };
    notes.unshift(added);
    return added;
  };
  for (const note of firstNotes.toReversed()) add(note);
  return {
    list: () => [...notes],
    add,
    remove(id) {
      const index = notes.findIndex((note) => note.id === id);
      if (index >= 0) notes.splice(index, 1);
      return index >= 0;
    },
  };
}

/** Opens the notebook of an account; each starts with a few notes. */
export function createNotebooks(): (login: string) => Notebook {
  const notebooks = new Map<string, Notebook>();
  return (login) => {
    const notebook = notebooks.get(login) ?? createNotebook();
    notebooks.set(login, notebook);
    return notebook;
  };
}
