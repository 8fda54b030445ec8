/** The editor's state and its history. Documents are frozen; undo returns the very document that was there. */

import type { Edit, GraphDocument } from "../wire";
import { EditError, freeze, type Positions } from "./document";
import { editedInside, opened, stillThere, type Inside } from "./own/inside";

export interface Selection {
  readonly nodes: readonly string[];
  readonly edges: readonly string[];
  readonly groups: readonly string[];
  readonly notes: readonly string[];
}

/** A document of the past or the future, and the own block in which the step between was made. */
export interface Step {
  readonly document: GraphDocument;
  readonly inside: Inside;
}

export interface EditorState {
  /** The whole project's graph; what is shown is `opened(document, inside)`. */
  readonly document: GraphDocument;
  /** The own blocks that are open, the outermost first. Edits are of the graph inside the last. */
  readonly inside: Inside;
  readonly docVersion: number | string;
  /** How often Python has replaced the document. */
  readonly loads: number;
  /** Grows with every change of the document, undo and redo included. */
  readonly rev: number;
  readonly past: readonly Step[];
  readonly future: readonly Step[];
  readonly selection: Selection;
  /** The field that is being typed in: further changes to it belong to the same step of history. */
  readonly typing: string | null;
  readonly refusal: string | null;
}

export type Action =
  | {
      readonly type: "edit";
      readonly edits: readonly Edit[];
      readonly positions?: Positions;
      readonly typing?: string;
      readonly select?: readonly string[];
      readonly chosen?: Partial<Selection>;
    }
  | { readonly type: "move"; readonly positions: Positions }
  | { readonly type: "rename"; readonly id: string; readonly name: string }
  | { readonly type: "undo" }
  | { readonly type: "redo" }
  | { readonly type: "settle" }
  | { readonly type: "select"; readonly nodes: readonly string[]; readonly chosen?: Partial<Selection> }
  | { readonly type: "choose"; readonly of: keyof Selection; readonly changes: Readonly<Record<string, boolean>> }
  | { readonly type: "open"; readonly inside: Inside }
  | { readonly type: "refuse"; readonly reason: string | null }
  | { readonly type: "adopt"; readonly docVersion: number | string }
  | { readonly type: "load"; readonly document: GraphDocument; readonly docVersion: number | string };

const NOTHING: Selection = { nodes: [], edges: [], groups: [], notes: [] };

export function initialState(document: GraphDocument, docVersion: number | string): EditorState {
  return {
    document: freeze(document),
    inside: [],
    docVersion,
    loads: 0,
    rev: 0,
    past: [],
    future: [],
    selection: NOTHING,
    typing: null,
    refusal: null,
  };
}

export function reducer(state: EditorState, action: Action): EditorState {
  try {
    return reduced(state, action);
  } catch (error) {
    if (error instanceof EditError) return { ...state, refusal: error.message };
    throw error;
  }
}

function reduced(state: EditorState, action: Action): EditorState {
  switch (action.type) {
    case "edit": {
      const document = editedInside(state.document, state.inside, action.edits, action.positions);
      return selecting(stepped(state, document, action.typing ?? null), action.select, action.chosen);
    }
    case "move":
      return stepped(state, editedInside(state.document, state.inside, [], action.positions), null);
    case "rename": {
      const edit: Edit = { op: "rename_node", id: action.id, to: action.name };
      const next = stepped(state, editedInside(state.document, state.inside, [edit]), null);
      return selecting(next, state.selection.nodes.map((id) => (id === action.id ? action.name : id)));
    }
    case "undo":
      return travelled(state, state.past, state.future, "past");
    case "redo":
      return travelled(state, state.future, state.past, "future");
    case "settle":
      return state.typing === null ? state : { ...state, typing: null };
    case "select":
      return selecting(state, action.nodes, action.chosen);
    case "open":
      return { ...state, inside: stillThere(state.document, action.inside), selection: NOTHING, typing: null };
    case "choose": {
      const rest = state.selection[action.of].filter((id) => !(id in action.changes));
      const chosen = Object.keys(action.changes).filter((id) => action.changes[id]);
      return { ...state, selection: { ...state.selection, [action.of]: [...rest, ...chosen] } };
    }
    case "refuse":
      return state.refusal === action.reason ? state : { ...state, refusal: action.reason };
    case "adopt":
      return { ...state, docVersion: action.docVersion };
    case "load":
      return { ...initialState(action.document, action.docVersion), loads: state.loads + 1, rev: state.rev + 1 };
  }
}

function stepped(state: EditorState, document: GraphDocument, typing: string | null): EditorState {
  if (document === state.document) return { ...state, typing };
  const goesOn = typing !== null && typing === state.typing;
  return {
    ...at(state, document, state.inside),
    past: goesOn ? state.past : [...state.past, { document: state.document, inside: state.inside }],
    future: [],
    typing,
  };
}

function travelled(state: EditorState, from: readonly Step[], to: readonly Step[], direction: "past" | "future"): EditorState {
  const step = from.at(-1);
  if (step === undefined) return state;
  // The step is shown where it was made, so that nobody wonders what has changed.
  const [rest, grown] = [from.slice(0, -1), [...to, { document: state.document, inside: step.inside }]];
  return {
    ...at(state, step.document, step.inside),
    past: direction === "past" ? rest : grown,
    future: direction === "past" ? grown : rest,
    typing: null,
  };
}

function at(state: EditorState, document: GraphDocument, wanted: Inside): EditorState {
  const inside = stillThere(document, wanted);
  const isSamePlace = inside.join() === state.inside.join();
  return {
    ...state,
    document,
    inside,
    rev: state.rev + 1,
    selection: isSamePlace ? kept(state.selection, opened(document, inside)) : NOTHING,
    refusal: null,
  };
}

function selecting(state: EditorState, nodes: readonly string[] | undefined, chosen: Partial<Selection> = {}): EditorState {
  if (nodes === undefined && Object.keys(chosen).length === 0) return state;
  return { ...state, selection: { ...NOTHING, nodes: nodes ?? [], ...chosen } };
}

function kept(selection: Selection, shown: GraphDocument): Selection {
  const held = (ids: readonly string[], items: readonly { readonly id: string }[] = []) => {
    const known = new Set(items.map(({ id }) => id));
    return ids.filter((id) => known.has(id));
  };
  return {
    nodes: held(selection.nodes, shown.nodes),
    edges: [],
    groups: held(selection.groups, shown.groups),
    notes: held(selection.notes, shown.notes),
  };
}
