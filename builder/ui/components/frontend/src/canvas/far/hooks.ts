/** What of a model seen from far away is a picture, and what is there to be taken hold of. */

import { useReactFlow } from "@xyflow/react";
import { useMemo, useState } from "react";
import { flushSync } from "react-dom";
import type { BlockFlowNode } from "../BlockNode";
import type { ShapedEdge } from "../FlowEdge";
import { useStable } from "../hooks";
import { drawnEdges, edgeAt, nodeAt, type DrawnEdge, type SceneNode } from "./places";

const NO_LINES: readonly DrawnEdge[] = [];

interface Near {
  readonly node: string | undefined;
  readonly edge: string | undefined;
}

const NOTHING: Near = { node: undefined, edge: undefined };

/**
 * Split a scene into what is drawn as a picture and what the pointer is over, which alone is there as elements
 * that take clicks and drags. Nothing is drawn as a picture where `isBare` is false.
 */
export function useFar(isBare: boolean, scene: SceneNode[], wires: ShapedEdge[]) {
  const flow = useReactFlow();
  const [near, setNear] = useState<Near>(NOTHING);
  const lines = useMemo(() => (isBare ? drawnEdges(scene, wires) : NO_LINES), [isBare, scene, wires]);
  const isPicture = (node: SceneNode): node is BlockFlowNode => isBare && node.type === "block" && node.measured !== undefined && node.id !== near.node;
  const nodes = useMemo(() => (isBare ? scene.map((node) => (isPicture(node) ? withoutElement(node) : node)) : scene), [isBare, scene, near]);
  const edges = useMemo(
    () => (isBare ? wires.filter(({ id, selected, data }) => selected || data?.isTarget || id === near.edge) : wires),
    [isBare, wires, near],
  );
  const picture = useMemo(() => scene.filter(isPicture), [isBare, scene, near]);
  const edgeAtPoint = useStable((x: number, y: number) => edgeAt(lines, flow.screenToFlowPosition({ x, y }, { snapToGrid: false })));
  const approach = useStable((event: React.PointerEvent) => {
    if (!isBare) return;
    const node = nodeAt(scene, flow.screenToFlowPosition({ x: event.clientX, y: event.clientY }, { snapToGrid: false }))?.id;
    const edge = node === undefined ? edgeAtPoint(event.clientX, event.clientY)?.id : undefined;
    // At once: the press that follows is to meet the element.
    if (node !== near.node || edge !== near.edge) flushSync(() => setNear({ node, edge }));
  });
  return { nodes, edges, picture, lines, approach, edgeAtPoint };
}

const pictures = new WeakMap<SceneNode, SceneNode>();

function withoutElement(node: SceneNode): SceneNode {
  const known = pictures.get(node);
  if (known) return known;
  const made = { ...node, className: "kb-drawn" };
  pictures.set(node, made);
  return made;
}
