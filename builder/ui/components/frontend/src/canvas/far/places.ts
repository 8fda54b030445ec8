/** Where blocks and connections lie that are drawn as one picture, and which of them is at a place. */

import { getBezierPath, Position, type XYPosition } from "@xyflow/react";
import type { BlockFlowNode } from "../BlockNode";
import type { ShapedEdge } from "../FlowEdge";
import type { FrameFlowNode, NoteFlowNode } from "../frames";
import type { Rectangle } from "../groups";
import { NODE_HEIGHT, NODE_WIDTH } from "../place";

export type SceneNode = BlockFlowNode | FrameFlowNode | NoteFlowNode;

/** How far from a connection it still counts as met. */
const REACH = 13;

export interface DrawnEdge {
  readonly edge: ShapedEdge;
  readonly path: Path2D;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export function placeOf(node: SceneNode): Rectangle {
  const { position, measured, width, height } = node;
  return { ...position, width: measured?.width ?? width ?? NODE_WIDTH, height: measured?.height ?? height ?? NODE_HEIGHT };
}

export function nodeAt<T extends SceneNode>(nodes: readonly T[], { x, y }: XYPosition): T | undefined {
  return nodes.findLast((node) => {
    const place = placeOf(node);
    return x >= place.x && x <= place.x + place.width && y >= place.y && y <= place.y + place.height;
  });
}

let measuring: CanvasRenderingContext2D | null = null;

export function edgeAt(drawn: readonly DrawnEdge[], { x, y }: XYPosition): ShapedEdge | undefined {
  // One for all: the pointer asks at every move.
  measuring ??= document.createElement("canvas").getContext("2d");
  const pen = measuring;
  if (!pen) return undefined;
  pen.lineWidth = 2 * REACH;
  const isNear = ({ left, top, right, bottom }: DrawnEdge) => x > left - REACH && x < right + REACH && y > top - REACH && y < bottom + REACH;
  return drawn.findLast((one) => isNear(one) && pen.isPointInStroke(one.path, x, y))?.edge;
}

/** The connections between the nodes of a scene, each with its line; those without an end are left out. */
export function drawnEdges(scene: readonly SceneNode[], edges: readonly ShapedEdge[]): DrawnEdge[] {
  const nodes = new Map(scene.map((node) => [node.id, node]));
  return edges.flatMap((edge) => {
    const [source, target] = [nodes.get(edge.source), nodes.get(edge.target)];
    return source && target ? [drawnEdge(edge, source, target)] : [];
  });
}

const lines = new WeakMap<ShapedEdge, DrawnEdge & { readonly ends: string }>();

function drawnEdge(edge: ShapedEdge, source: SceneNode, target: SceneNode): DrawnEdge {
  const [from, to] = [placeOf(source), placeOf(target)];
  const sourceX = from.x + from.width * along(outputsOf(source), edge.sourceHandle);
  const sourceY = from.y + from.height;
  const targetX = to.x + to.width * along(inputsOf(target), edge.targetHandle);
  const targetY = to.y;
  const ends = `${sourceX} ${sourceY} ${targetX} ${targetY}`;
  const known = lines.get(edge);
  if (known?.ends === ends) return known;
  const [line] = getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition: Position.Bottom, targetPosition: Position.Top });
  // A line that leads upwards swings out by less than this below and above its ends.
  const swing = Math.abs(targetY - sourceY);
  const made = {
    edge,
    ends,
    path: new Path2D(line),
    left: Math.min(sourceX, targetX),
    right: Math.max(sourceX, targetX),
    top: Math.min(sourceY, targetY) - swing,
    bottom: Math.max(sourceY, targetY) + swing,
  };
  lines.set(edge, made);
  return made;
}

const inputsOf = (node: SceneNode) => (node.type === "block" ? node.data.block?.inputs : undefined) ?? [];
const outputsOf = (node: SceneNode) => (node.type === "block" ? node.data.outputs : []);

/** How far along a block's side its port sits, from 0 to 1. */
function along(ports: readonly { readonly name: string }[], name: string | null | undefined): number {
  const index = ports.findIndex((port) => port.name === name);
  return index < 0 ? 0.5 : (index + 1) / (ports.length + 1);
}
