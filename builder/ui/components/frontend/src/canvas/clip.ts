/** Copying blocks: what is taken along, the text it travels as, and the edits that paste it. */

import type { Definition, Edit, GraphDocument, GraphEdge, GraphNode, Group, Note } from "../wire";
import type { Model } from "./connect";
import { EMPTY, freeze, idsOf, unusedId } from "./document";
import { groupsOf } from "./groups";
import { NOTE_SIZE, notesOf } from "./notes";
import { withInner } from "./own/declare";
import { unusedKind } from "./own/make";
import { isOwn, OWN } from "./own/ports";
import type { Change, Point } from "./place";
import type { Selection } from "./reducer";

/** Blocks with the connections among them, `entering` from others, and the groups, notes and own blocks that belong to them. */
export interface Clip {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly entering: readonly GraphEdge[];
  readonly groups: readonly Group[];
  readonly notes: readonly Note[];
  readonly definitions: Readonly<Record<string, Definition>>;
}

export function copied(document: GraphDocument, selection: Pick<Selection, "nodes"> & Partial<Selection>): Clip {
  const chosen = new Set(selection.nodes);
  const notes = new Set(selection.notes ?? []);
  const nodes = document.nodes.filter((node) => chosen.has(node.id));
  return {
    nodes,
    edges: document.edges.filter((edge) => chosen.has(edge.source) && chosen.has(edge.target)),
    entering: document.edges.filter((edge) => !chosen.has(edge.source) && chosen.has(edge.target)),
    groups: groupsOf(document).filter((group) => group.nodes.every((id) => chosen.has(id))),
    notes: notesOf(document).filter((note) => notes.has(note.id)),
    definitions: withInner(nodes.map((node) => node.kind), document.definitions ?? {}),
  };
}

export function isEmpty(clip: Clip): boolean {
  return clip.nodes.length + clip.notes.length === 0;
}

const FORMAT = "kerablocks/blocks";

/** The clip as a text for the clipboard, so that it reaches other projects and other windows. */
export function clipText(clip: Clip): string {
  return JSON.stringify({ format: FORMAT, version: 1, ...clip });
}

/** The clip that a text holds, or null where it holds none that a project takes: anything may lie on a clipboard. */
export function clipFrom(text: string, longestText: number): Clip | null {
  if (text.length > MOST_TEXT || !isMeantAsClip(text)) return null;
  try {
    const data: unknown = JSON.parse(text);
    if (!isRecord(data) || data.format !== FORMAT) return null;
    const clip = { ...readGraph(data), entering: listOf(data.entering).map(readEdge), definitions: readDefinitions(data.definitions) };
    return textsOf(clip).every((written) => written.length <= longestText) ? clip : null;
  } catch {
    return null;
  }
}

/** Whether a text was meant to hold blocks; where it holds none, it has lost or gained something on its way. */
export function isMeantAsClip(text: string): boolean {
  return text.includes(FORMAT);
}

const MOST_TEXT = 20_000_000;
const MOST_BLOCKS = 5000;
const DEEPEST = 8;
/** How deep a value of a block may go: saved layers hold settings in settings. */
const DEEPEST_VALUE = 100;

class Unreadable extends Error {}

type Plain = Record<string, unknown>;

const isRecord = (value: unknown): value is Plain => typeof value === "object" && value !== null && !Array.isArray(value);

function record(value: unknown): Plain {
  if (!isRecord(value)) throw new Unreadable();
  return value;
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > 4 * MOST_BLOCKS) throw new Unreadable();
  return value;
}

function word(value: unknown, pattern: RegExp = /^/): string {
  if (typeof value !== "string" || !pattern.test(value)) throw new Unreadable();
  return value;
}

function pair(value: unknown): readonly [number, number] {
  const [x, y] = listOf(value);
  const isPlace = (part: unknown): part is number => typeof part === "number" && Math.abs(part) < 1e9;
  if (!isPlace(x) || !isPlace(y)) throw new Unreadable();
  return [x, y];
}

/** A block's settings, which are walked through by functions that call themselves: not deeper than any block's are. */
function values(value: unknown): Plain {
  const isDeep = (item: unknown, depth: number): boolean =>
    depth > DEEPEST_VALUE || (typeof item === "object" && item !== null && Object.values(item).some((part) => isDeep(part, depth + 1)));
  if (isDeep(value, 0)) throw new Unreadable();
  return record(value);
}

const ID = /^[a-z][a-z0-9_]{0,62}$/;
const KIND = /^[a-z][a-z0-9_.]{0,80}$/;
const OWN_KIND = /^own\.[a-z][a-z0-9_]{0,80}$/;
const PORT = /^[a-z][a-z0-9_]{0,62}$/;

function readNode(value: unknown): GraphNode {
  const item = record(value);
  const factor = item.learning_rate_factor;
  return {
    id: word(item.id, ID),
    kind: word(item.kind, KIND),
    parameters: values(item.parameters ?? {}),
    position: pair(item.position),
    layer_name: word(item.layer_name ?? ""),
    frozen: item.frozen === true,
    learning_rate_factor: typeof factor === "number" && factor >= 0 && factor <= 1000 ? factor : 1,
    shared_with: word(item.shared_with ?? ""),
  };
}

function readEdge(value: unknown): GraphEdge {
  const item = record(value);
  return {
    source: word(item.source, ID),
    source_port: word(item.source_port, PORT),
    target: word(item.target, ID),
    target_port: word(item.target_port, PORT),
  };
}

function readGraph(data: Plain): Omit<Clip, "entering" | "definitions"> {
  const nodes = listOf(data.nodes).map(readNode);
  if (nodes.length > MOST_BLOCKS || new Set(nodes.map(({ id }) => id)).size < nodes.length) throw new Unreadable();
  const ids = new Set(nodes.map(({ id }) => id));
  const edges = listOf(data.edges).map(readEdge);
  if (!edges.every(({ source, target }) => ids.has(source) && ids.has(target))) throw new Unreadable();
  const groups = listOf(data.groups).map((value): Group => {
    const item = record(value);
    const members = listOf(item.nodes).map((id) => word(id, ID)).filter((id) => ids.has(id));
    return { id: word(item.id), title: word(item.title ?? ""), nodes: members, collapsed: item.collapsed === true };
  });
  const notes = listOf(data.notes).map((value): Note => {
    const item = record(value);
    return { id: word(item.id), text: word(item.text ?? ""), position: pair(item.position), size: pair(item.size ?? NOTE_SIZE) };
  });
  return { nodes, edges, groups: groups.filter((group) => group.nodes.length > 0), notes };
}

function readDefinitions(value: unknown): Record<string, Definition> {
  const kinds = Object.entries(record(value ?? {}));
  if (kinds.length > MOST_BLOCKS / DEEPEST) throw new Unreadable();
  return Object.fromEntries(kinds.map(([kind, item]) => [word(kind, OWN_KIND), readDefinition(item)]));
}

/** The definition that plain data describe; throws where they describe none. */
function readDefinition(value: unknown): Definition {
  const item = record(value);
  const exposed = listOf(item.exposed).map((entry) => {
    const { name, node, parameter } = record(entry);
    return { name: word(name), node: word(node, ID), parameter: word(parameter) };
  });
  return {
    label: word(item.label),
    summary: word(item.summary ?? ""),
    graph: readGraph(record(item.graph)),
    exposed,
    nested_model: item.nested_model === true,
    sequential: item.sequential === true,
  };
}

/** The free texts of blocks: titles, notes, names of layers. */
function textsOf({ nodes, groups = [], notes = [], definitions = {} }: GraphDocument): string[] {
  const inner = Object.values(definitions).flatMap(({ label, summary, graph }) => [label, summary, ...textsOf(graph)]);
  return [...nodes.map((node) => node.layer_name ?? ""), ...groups.map(({ title }) => title), ...notes.map(({ text }) => text), ...inner];
}

/** Own blocks that come along: each takes its kind, a free one, or that of an equal block which is there already. */
export function bringingDefinitions(document: GraphDocument, coming: Readonly<Record<string, Definition>>) {
  const held = document.definitions ?? {};
  // Equal blocks are written in one way only once they are frozen.
  const brought = freeze({ ...EMPTY, definitions: coming }).definitions ?? {};
  const kinds = new Map<string, string>();
  let after = document;
  for (const [kind, definition] of Object.entries(brought)) {
    const isKnown = kind in held && JSON.stringify(held[kind]) === JSON.stringify(definition);
    const name = isKnown || !(kind in held) ? kind : unusedKind(after, kind.slice(OWN.length));
    kinds.set(kind, name);
    after = { ...after, definitions: { ...after.definitions, [name]: definition } };
  }
  const edits = Object.entries(brought).flatMap(([kind, definition]): Edit[] => {
    const name = kinds.get(kind) as string;
    if (name in held) return [];
    const nodes = definition.graph.nodes.map((node) => ({ ...node, kind: kinds.get(node.kind) ?? node.kind }));
    return [{ op: "set_definition", kind: name, definition: { ...definition, graph: { ...definition.graph, nodes } } }];
  });
  return { edits, kinds };
}

/** Paste under new ids, shifted by `offset`; `connected`, the copies read what the originals read, where that is there. */
export function pasting(model: Model, clip: Clip, offset: Point, connected = false): Change {
  const { document } = model;
  const { edits, kinds } = bringingDefinitions(document, clip.definitions);
  const taken = idsOf(document);
  const names = new Map<string, string>();
  for (const { id } of clip.nodes) {
    const name = unusedId(taken, taken.has(id) ? id.replace(/_\d+$/, "") || id : id);
    names.set(id, name);
    taken.add(name);
  }
  const shifted = ([x, y]: Point): Point => [x + offset[0], y + offset[1]];
  const nodes = clip.nodes.map((node) => ({
    ...node,
    id: names.get(node.id) as string,
    kind: kinds.get(node.kind) ?? node.kind,
    position: shifted(node.position),
    shared_with: sharing(document, clip, node, names),
  }));
  for (const node of nodes) edits.push({ op: "add_node", node });
  const inner = clip.edges.map((edge) => ({ ...edge, source: names.get(edge.source) as string, target: names.get(edge.target) as string }));
  for (const edge of inner) edits.push({ op: "add_edge", edge });
  if (connected) edits.push(...enteringEdges(model, clip, names).map((edge): Edit => ({ op: "add_edge", edge })));
  edits.push(...pastedGroups(document, clip, names), ...pastedNotes(document, clip, shifted).edits);
  return { edits, select: nodes.map((node) => node.id), chosen: { notes: pastedNotes(document, clip, shifted).ids } };
}

/** A copy shares with the copy of the block that it shared with, or with that very block. */
function sharing(document: GraphDocument, clip: Clip, node: GraphNode, names: ReadonlyMap<string, string>): string {
  if (!node.shared_with) return "";
  const inClip = clip.nodes.some(({ id }) => id === node.shared_with);
  const isThere = document.nodes.some(({ id, kind }) => id === node.shared_with && kind === node.kind);
  return inClip ? (names.get(node.shared_with) ?? "") : isThere ? node.shared_with : "";
}

function enteringEdges(model: Model, clip: Clip, names: ReadonlyMap<string, string>): GraphEdge[] {
  const known = idsOf(model.document);
  return clip.entering
    .filter((edge) => known.has(edge.source))
    .map((edge) => ({ ...edge, target: names.get(edge.target) as string }));
}

function pastedGroups(document: GraphDocument, clip: Clip, names: ReadonlyMap<string, string>): Edit[] {
  if (clip.groups.length === 0) return [];
  const taken = new Set(groupsOf(document).map((group) => group.id));
  const made = clip.groups.map((group) => {
    const id = unusedId(taken, "group");
    taken.add(id);
    return { ...group, id, nodes: group.nodes.map((member) => names.get(member) as string) };
  });
  return [{ op: "set_groups", groups: [...groupsOf(document), ...made] }];
}

function pastedNotes(document: GraphDocument, clip: Clip, shifted: (place: Point) => Point): { edits: Edit[]; ids: string[] } {
  if (clip.notes.length === 0) return { edits: [], ids: [] };
  const taken = new Set(notesOf(document).map((note) => note.id));
  const made = clip.notes.map((note) => {
    const id = unusedId(taken, "note");
    taken.add(id);
    return { ...note, id, position: shifted(note.position) };
  });
  return { edits: [{ op: "set_notes", notes: [...notesOf(document), ...made] }], ids: made.map((note) => note.id) };
}

/** The own kinds of a clip, for the check that no own block comes to lie in itself. */
export function ownKinds(clip: Clip): string[] {
  return [...new Set(clip.nodes.map((node) => node.kind).filter(isOwn))];
}

