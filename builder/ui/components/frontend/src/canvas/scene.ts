/** What the canvas draws of a document: its blocks, frames and boxes of groups, notes and connections. */

import { useLayoutEffect, useMemo, useState } from "react";
import type { GraphDocument, InferAnswer } from "../wire";
import type { BlockFlowNode } from "./BlockNode";
import type { Catalogue } from "./connect";
import { placeOf, type SceneNode } from "./far/places";
import type { ShapedEdge } from "./FlowEdge";
import { frameNodes, GROUP_PREFIX, NOTE_PREFIX, noteNodes, type NoteFlowNode } from "./frames";
import { folding, type Rectangle } from "./groups";
import type { Selection } from "./reducer";
import { flowEdges, flowNodes, problemsByBlock } from "./views";

/** Keep what React Flow draws in step with the document; `targetEdge` is the connection that is aimed at. */
export function useScene(
  document: GraphDocument,
  catalogue: Catalogue,
  answer: InferAnswer | null,
  selection: Selection,
  targetEdge: string | null,
) {
  const [nodes, setNodes] = useState<BlockFlowNode[]>([]);
  const [notes, setNotes] = useState<NoteFlowNode[]>([]);
  const [edges, setEdges] = useState<ShapedEdge[]>([]);
  useLayoutEffect(() => {
    setNodes((before) => flowNodes(before, document, catalogue, answer, selection.nodes));
  }, [document, catalogue, answer, selection.nodes]);
  useLayoutEffect(() => {
    setEdges((before) => flowEdges(before, document, answer, selection.edges, targetEdge));
  }, [document, answer, selection.edges, targetEdge]);
  useLayoutEffect(() => {
    setNotes((before) => noteNodes(before, document, selection.notes));
  }, [document, selection.notes]);
  const folded = useMemo(() => folding(document), [document]);
  const frames = useMemo(() => {
    if (folded.shown.length === 0) return [];
    return frameNodes(document, folded, placesOf(nodes), selection.groups, problemsByBlock(answer?.problems ?? []));
  }, [document, folded, nodes, selection.groups, answer]);
  const scene: SceneNode[] = useMemo(() => {
    if (frames.length + notes.length === 0) return nodes;
    return [...frames, ...notes, ...nodes.filter((node) => !folded.boxOf.has(node.id))];
  }, [frames, notes, nodes, folded]);
  const wires = useMemo(() => (folded.boxOf.size === 0 ? edges : rerouted(edges, folded.boxOf)), [edges, folded]);
  return { nodes, setNodes, setNotes, frames, scene, wires };
}

export function placesOf(nodes: readonly BlockFlowNode[]): Map<string, Rectangle> {
  return new Map(nodes.map((node) => [node.id, placeOf(node)]));
}

export const isDecoration = (id: string) => id.startsWith(GROUP_PREFIX) || id.startsWith(NOTE_PREFIX);

/** Which part of the selection a drawn node belongs to, and its own id. */
export function selectedPart(id: string): ["nodes" | "groups" | "notes", string] {
  if (id.startsWith(GROUP_PREFIX)) return ["groups", id.slice(GROUP_PREFIX.length)];
  if (id.startsWith(NOTE_PREFIX)) return ["notes", id.slice(NOTE_PREFIX.length)];
  return ["nodes", id];
}

/** Edges of folded blocks end at the box; those inside one box are not drawn. */
function rerouted(edges: readonly ShapedEdge[], boxOf: ReadonlyMap<string, string>): ShapedEdge[] {
  return edges.flatMap((edge) => {
    const [from, to] = [boxOf.get(edge.source), boxOf.get(edge.target)];
    if (from !== undefined && from === to) return [];
    if (from === undefined && to === undefined) return [edge];
    return [
      {
        ...edge,
        ...(from === undefined ? {} : { source: GROUP_PREFIX + from, sourceHandle: "output" }),
        ...(to === undefined ? {} : { target: GROUP_PREFIX + to, targetHandle: "input" }),
      },
    ];
  });
}
