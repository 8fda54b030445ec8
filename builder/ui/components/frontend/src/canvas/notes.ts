/** Notes: texts on the canvas, for whoever reads the model. */

import type { Edit, GraphDocument, Note } from "../wire";
import { unusedId } from "./document";
import type { Rectangle } from "./groups";

export const NOTE_SIZE = [220, 110] as const;
export const LEAST_NOTE = { width: 120, height: 50 } as const;

const APART = 30;

/** The place nearest to the right of `wanted` where a new note covers nothing. */
export function freePlace([left, top]: readonly [number, number], taken: readonly Rectangle[]): readonly [number, number] {
  const [width, height] = NOTE_SIZE;
  const inTheWay = taken.filter(({ y, height: tall }) => y < top + height && y + tall > top);
  let x = left;
  for (const item of [...inTheWay].sort((one, other) => one.x - other.x))
    if (item.x < x + width && item.x + item.width > x) x = item.x + item.width + APART;
  return [x, top];
}

export function notesOf(document: GraphDocument): readonly Note[] {
  return document.notes ?? [];
}

export function fullNote(longest: number): string {
  return `A note has room for ${longest.toLocaleString("en-US")} characters, and this one is full: what goes beyond is left out.`;
}

export function noteRectangle({ position: [x, y], size: [width, height] }: Note): Rectangle {
  return { x, y, width, height };
}

export function addingNote(document: GraphDocument, position: readonly [number, number]): { readonly edits: Edit[]; readonly id: string } {
  const id = unusedId(new Set(notesOf(document).map((note) => note.id)), "note");
  const place = [Math.round(position[0]), Math.round(position[1])] as const;
  return { edits: [{ op: "set_notes", notes: [...notesOf(document), { id, text: "", position: place, size: NOTE_SIZE }] }], id };
}

export function changingNotes(document: GraphDocument, changes: Readonly<Record<string, Partial<Omit<Note, "id">>>>): Edit[] {
  return [{ op: "set_notes", notes: notesOf(document).map((note) => ({ ...note, ...changes[note.id] })) }];
}

export function removingNotes(document: GraphDocument, ids: readonly string[]): Edit[] {
  return [{ op: "set_notes", notes: notesOf(document).filter((note) => !ids.includes(note.id)) }];
}
