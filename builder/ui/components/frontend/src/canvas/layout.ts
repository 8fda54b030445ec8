/** Tidy places for all blocks, from top to bottom; what is in a group stays together, a folded group is one box. */

import { Graph, layout } from "@dagrejs/dagre";
import type { GraphDocument, Group } from "../wire";
import type { Positions } from "./document";
import { boxPlace, BOX, folding, FRAME } from "./groups";
import { GRID, NODE_HEIGHT, NODE_WIDTH, STEP } from "./place";

export type Sizes = Readonly<Record<string, { readonly width: number; readonly height: number }>>;

interface Centre {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function tidy(document: GraphDocument, sizes: Sizes = {}): Positions {
  const { shown, boxOf } = folding(document);
  const graph = new Graph({ compound: true });
  graph.setGraph({ rankdir: "TB", nodesep: 40, ranksep: STEP - NODE_HEIGHT });
  graph.setDefaultEdgeLabel(() => ({}));
  const folded = shown.filter((group) => group.collapsed);
  for (const { id } of document.nodes)
    if (!boxOf.has(id)) graph.setNode(id, { width: sizes[id]?.width ?? NODE_WIDTH, height: sizes[id]?.height ?? NODE_HEIGHT });
  for (const { id } of folded) graph.setNode(boxKey(id), { ...BOX });
  setFrames(graph, shown, boxOf);
  const known = new Set(document.nodes.map((node) => node.id));
  const placeOf = (id: string) => (boxOf.has(id) ? boxKey(boxOf.get(id) as string) : id);
  for (const { source, target } of document.edges)
    if (known.has(source) && known.has(target) && placeOf(source) !== placeOf(target)) graph.setEdge(placeOf(source), placeOf(target));
  layout(graph);
  const at = (key: string) => corner(graph.node(key) as Centre);
  const single = document.nodes.filter(({ id }) => !boxOf.has(id)).map(({ id }) => [id, at(id)] as const);
  return Object.fromEntries([...single, ...folded.flatMap((group) => along(document, group, at(boxKey(group.id))))]);
}

const boxKey = (id: string) => `box:${id}`;
const frameKey = (id: string) => `frame:${id}`;

/** Each block, box and inner frame in the smallest open frame around it. */
function setFrames(graph: Graph, shown: readonly Group[], boxOf: ReadonlyMap<string, string>): void {
  const frames = shown.filter((group) => !group.collapsed).sort((one, other) => one.nodes.length - other.nodes.length);
  const hasParent = new Set<string>();
  const nest = (key: string, parent: Group) => {
    if (hasParent.has(key)) return;
    hasParent.add(key);
    graph.setParent(key, frameKey(parent.id));
  };
  for (const frame of frames) graph.setNode(frameKey(frame.id), { paddingTop: FRAME.top });
  frames.forEach((frame, index) => {
    for (const id of frame.nodes) {
      const box = boxOf.get(id);
      if (box === undefined ? graph.hasNode(id) : true) nest(box === undefined ? id : boxKey(box), frame);
    }
    const outer = frames.slice(index + 1).find((other) => frame.nodes.every((id) => other.nodes.includes(id)));
    if (outer) nest(frameKey(frame.id), outer);
  });
}

/** A folded group's blocks keep their places to one another. */
function along(document: GraphDocument, group: Group, [left, top]: readonly [number, number]) {
  const [x, y] = boxPlace(document, group);
  const members = new Set(group.nodes);
  return document.nodes
    .filter((node) => members.has(node.id))
    .map(({ id, position }) => [id, [position[0] + left - x, position[1] + top - y] as const] as const);
}

function corner({ x, y, width, height }: Centre): readonly [number, number] {
  const snapped = (value: number) => Math.round(value / GRID) * GRID;
  return [snapped(x - width / 2), snapped(y - height / 2)];
}
