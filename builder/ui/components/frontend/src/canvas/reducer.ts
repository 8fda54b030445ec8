/** The editor's state and its history. Documents are frozen; undo returns the very document that was there. */

import type { Edit, GraphDocument } from "../wire";
import { EditError, edited, freeze, idsOf, moved, renamed, type Positions } from "./document";

export interface Selection {
  readonly nodes: readonly string[];
  readonly edges: readonly string[];
}

export interface EditorState {
  readonly document: GraphDocument;
  readonly docVersion: number | string;
  /** Grows with every change of the document, undo and redo included. */
  readonly rev: number;
  readonly past: readonly GraphDocument[];
  readonly future: readonly GraphDocument[];
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
    }
  | { readonly type: "move"; readonly positions: Positions }
  | { readonly type: "rename"; readonly id: string; readonly name: string }
  | { readonly type: "undo" }
  | { readonly type: "redo" }
  | { readonly type: "settle" }
  | { readonly type: "select"; readonly nodes: readonly string[] }
  | { readonly type: "choose"; readonly of: "nodes" | "edges"; readonly changes: Readonly<Record<string, boolean>> }
  | { readonly type: "refuse"; readonly reason: string | null }
  | { readonly type: "load"; readonly document: GraphDocument; readonly docVersion: number | string };

const NOTHING: Selection = { nodes: [], edges: [] };

export function initialState(document: GraphDocument, docVersion: number | string): EditorState {
  return {
    document: freeze(document),
    docVersion,
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
      const document = moved(edited(state.document, action.edits), action.positions ?? {});
      return selecting(stepped(state, document, action.typing ?? null), action.select);
    }
    case "move":
      return stepped(state, moved(state.document, action.positions), null);
    case "rename": {
      const next = stepped(state, renamed(state.document, action.id, action.name), null);
      const nodes = state.selection.nodes.map((id) => (id === action.id ? action.name : id));
      return selecting(next, nodes);
    }
    case "undo":
      return travelled(state, state.past, state.future, "past");
    case "redo":
      return travelled(state, state.future, state.past, "future");
    case "settle":
      return state.typing === null ? state : { ...state, typing: null };
    case "select":
      return selecting(state, action.nodes);
    case "choose": {
      const rest = state.selection[action.of].filter((id) => !(id in action.changes));
      const chosen = Object.keys(action.changes).filter((id) => action.changes[id]);
      return { ...state, selection: { ...state.selection, [action.of]: [...rest, ...chosen] } };
    }
    case "refuse":
      return state.refusal === action.reason ? state : { ...state, refusal: action.reason };
    case "load":
      return { ...initialState(action.document, action.docVersion), rev: state.rev + 1 };
  }
}

function stepped(state: EditorState, document: GraphDocument, typing: string | null): EditorState {
  if (document === state.document) return { ...state, typing };
  const goesOn = typing !== null && typing === state.typing;
  return {
    ...state,
    document,
    rev: state.rev + 1,
    past: goesOn ? state.past : [...state.past, state.document],
    future: [],
    selection: kept(state.selection, document),
    typing,
    refusal: null,
  };
}

function travelled(
  state: EditorState,
  from: readonly GraphDocument[],
  to: readonly GraphDocument[],
  direction: "past" | "future",
): EditorState {
  const document = from.at(-1);
  if (document === undefined) return state;
  const [rest, grown] = [from.slice(0, -1), [...to, state.document]];
  return {
    ...state,
    document,
    rev: state.rev + 1,
    past: direction === "past" ? rest : grown,
    future: direction === "past" ? grown : rest,
    selection: kept(state.selection, document),
    typing: null,
    refusal: null,
  };
}

function selecting(state: EditorState, nodes: readonly string[] | undefined): EditorState {
  return nodes === undefined ? state : { ...state, selection: { nodes, edges: [] } };
}

function kept(selection: Selection, document: GraphDocument): Selection {
  const ids = idsOf(document);
  return { nodes: selection.nodes.filter((id) => ids.has(id)), edges: [] };
}
