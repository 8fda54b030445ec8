/** Groups: titled frames around blocks, which move together and fold to one box. */

import type { Edit, GraphDocument, Group } from "../wire";
import { unusedId, withMembers } from "./document";

export const FRAME = { side: 20, top: 50, bottom: 20 } as const;
export const BOX = { width: 210, height: 64 } as const;

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function groupsOf(document: GraphDocument): readonly Group[] {
  return document.groups ?? [];
}

/** Put blocks into a group of their own, inside or around other groups. A half covered group loses its covered blocks. */
export function grouping(document: GraphDocument, ids: readonly string[]): { readonly edits: Edit[]; readonly id: string } | null {
  const chosen = new Set(ids);
  const members = document.nodes.map((node) => node.id).filter((id) => chosen.has(id));
  const groups = groupsOf(document);
  if (members.length === 0 || groups.some((group) => isSame(group.nodes, chosen))) return null;
  const others = withMembers(groups, (nodes) => (nests(nodes, chosen) ? nodes : nodes.filter((id) => !chosen.has(id))));
  const id = unusedId(new Set(groups.map((group) => group.id)), "group");
  const title = unusedTitle(groups);
  return { edits: [{ op: "set_groups", groups: [...others, { id, title, nodes: members, collapsed: false }] }], id };
}

function isSame(nodes: readonly string[], chosen: ReadonlySet<string>): boolean {
  return nodes.length === chosen.size && nodes.every((id) => chosen.has(id));
}

function nests(nodes: readonly string[], chosen: ReadonlySet<string>): boolean {
  const covered = nodes.filter((id) => chosen.has(id)).length;
  return covered === 0 || covered === nodes.length || covered === chosen.size;
}

function unusedTitle(groups: readonly Group[]): string {
  const taken = new Set(groups.map((group) => group.title));
  for (let number = groups.length + 1; ; number += 1) if (!taken.has(`Group ${number}`)) return `Group ${number}`;
}

/** Take frames away; their blocks stay. */
export function ungrouping(document: GraphDocument, ids: readonly string[]): Edit[] {
  return [{ op: "set_groups", groups: groupsOf(document).filter((group) => !ids.includes(group.id)) }];
}

export function changingGroup(document: GraphDocument, id: string, change: Partial<Omit<Group, "id">>): Edit[] {
  return [{ op: "set_groups", groups: groupsOf(document).map((group) => (group.id === id ? { ...group, ...change } : group)) }];
}

/** The groups that are not hidden in another folded one, and for each hidden block the folded group that stands for it. */
export interface Folding {
  readonly shown: readonly Group[];
  readonly boxOf: ReadonlyMap<string, string>;
}

export function folding(document: GraphDocument): Folding {
  const known = new Set(document.nodes.map((node) => node.id));
  const groups = groupsOf(document).filter((group) => group.nodes.some((id) => known.has(id)));
  const boxOf = new Map<string, string>();
  const outermostFirst = [...groups].sort((one, other) => other.nodes.length - one.nodes.length);
  const shown: Group[] = [];
  for (const group of outermostFirst) {
    if (group.nodes.some((id) => boxOf.has(id))) continue;
    shown.push(group);
    if (group.collapsed) for (const id of group.nodes) boxOf.set(id, group.id);
  }
  return { shown, boxOf };
}

/** Unfold every group in which one of these blocks is hidden. */
export function unhiding(document: GraphDocument, ids: readonly string[]): Edit[] {
  const hides = (group: Group) => group.collapsed && group.nodes.some((id) => ids.includes(id));
  const groups = groupsOf(document);
  if (!groups.some(hides)) return [];
  return [{ op: "set_groups", groups: groups.map((group) => (hides(group) ? { ...group, collapsed: false } : group)) }];
}

/** How many groups lie, one in the other, within this one: a frame around a frame needs more room. */
export function depthWithin(group: Group, groups: readonly Group[]): number {
  const members = new Set(group.nodes);
  const inner = groups.filter(
    (other) => other.id !== group.id && other.nodes.length < members.size && other.nodes.every((id) => members.has(id)),
  );
  return inner.length === 0 ? 0 : 1 + Math.max(...inner.map((other) => depthWithin(other, inner)));
}

/** The frame around what it shows, given where that stands. */
export function frameAround(rectangles: readonly Rectangle[], depth: number): Rectangle {
  const left = Math.min(...rectangles.map(({ x }) => x));
  const top = Math.min(...rectangles.map(({ y }) => y));
  const right = Math.max(...rectangles.map(({ x, width }) => x + width));
  const bottom = Math.max(...rectangles.map(({ y, height }) => y + height));
  const [side, above, below] = [FRAME.side * (1 + depth), FRAME.top * (1 + depth), FRAME.bottom * (1 + depth)];
  return { x: left - side, y: top - above, width: right - left + 2 * side, height: bottom - top + above + below };
}

/** Where a folded group's box stands: at its blocks' upper left corner. */
export function boxPlace(document: GraphDocument, group: Group): readonly [number, number] {
  const members = new Set(group.nodes);
  const places = document.nodes.filter((node) => members.has(node.id)).map((node) => node.position);
  return [Math.min(...places.map(([x]) => x)), Math.min(...places.map(([, y]) => y))];
}
