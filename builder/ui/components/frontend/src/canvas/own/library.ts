/** The person's own blocks for all projects: each entry carries the own blocks that it uses inside its graph. */

import type { Definition, LibraryEntry } from "../../wire";
import { withInner } from "./declare";

/** A definition as the library keeps it. */
export function packed(kind: string, definitions: Readonly<Record<string, Definition>>): Definition {
  const { [kind]: own, ...inner } = withInner([kind], definitions);
  const definition = own as Definition;
  return Object.keys(inner).length === 0 ? definition : { ...definition, graph: { ...definition.graph, definitions: inner } };
}

/** The definitions, by kind, that a project needs for an entry of the library. */
export function unpacked({ kind, definition }: LibraryEntry): Record<string, Definition> {
  const { definitions = {}, ...graph } = definition.graph;
  return { ...definitions, [kind]: { ...definition, graph } };
}

/** Whether the library holds the very definition that the project holds. */
export function isKept(library: readonly LibraryEntry[], kind: string, definitions: Readonly<Record<string, Definition>>): boolean {
  const entry = library.find((candidate) => candidate.kind === kind);
  if (!entry || !(kind in definitions)) return false;
  return stable(entry.definition) === stable(packed(kind, definitions));
}

/** JSON with sorted keys: the database may order them in its own way. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([one], [other]) => (one < other ? -1 : 1)))
      : item,
  );
}
