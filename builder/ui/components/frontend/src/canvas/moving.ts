/** Moving blocks, frames and notes with the pointer, and what a move does when it ends. */

import { applyNodeChanges, type NodeChange } from "@xyflow/react";
import { useRef, type Dispatch, type RefObject, type SetStateAction } from "react";
import type { GraphEdge } from "../wire";
import type { BlockFlowNode } from "./BlockNode";
import type { Model } from "./connect";
import { edgeId, type Positions } from "./document";
import type { SceneNode } from "./far/places";
import { NOTE_PREFIX, type FrameFlowNode, type NoteFlowNode } from "./frames";
import { changingNotes } from "./notes";
import { threadingExisting } from "./place";
import type { Action } from "./reducer";
import { isDecoration, selectedPart } from "./scene";

/** The connection under the pointer that a dropped block would be put on. */
export function useAim(
  paneRef: RefObject<HTMLElement | null>,
  edges: readonly GraphEdge[],
  edgeAtPoint: (x: number, y: number) => { readonly id: string } | undefined,
  setTargetEdge: (id: string | null) => void,
) {
  const targetRef = useRef<string | null>(null);
  return {
    edgeBelow: (x: number, y: number): GraphEdge | null => {
      const root = paneRef.current?.getRootNode() as Document | ShadowRoot | undefined;
      const element = root?.elementsFromPoint(x, y).find((candidate) => candidate.closest(".react-flow__edge"));
      const id = element?.closest(".react-flow__edge")?.getAttribute("data-id") ?? edgeAtPoint(x, y)?.id;
      return edges.find((edge) => edgeId(edge) === id) ?? null;
    },
    at: (edge: GraphEdge | null) => {
      targetRef.current = edge && edgeId(edge);
      setTargetEdge(targetRef.current);
    },
    aimed: () => edges.find((edge) => edgeId(edge) === targetRef.current),
  };
}

interface Movable {
  readonly model: Model;
  readonly nodes: readonly BlockFlowNode[];
  readonly frames: readonly FrameFlowNode[];
  readonly aim: ReturnType<typeof useAim>;
  readonly setNodes: Dispatch<SetStateAction<BlockFlowNode[]>>;
  readonly setNotes: Dispatch<SetStateAction<NoteFlowNode[]>>;
  readonly dispatch: Dispatch<Action>;
}

type Places = Record<string, readonly [number, number]>;

/** React Flow's handlers of nodes: what moves is drawn at once, and becomes an edit when it is let go. */
export function movingHandlers({ model, nodes, frames, aim, setNodes, setNotes, dispatch }: Movable) {
  const { document } = model;
  /** Move a group's blocks along with its frame or its box, but for those that have moved; these are added to. */
  const carry = (id: string, to: { x: number; y: number }, isDone: boolean, places: Places, haveMoved: Set<string>) => {
    const frame = frames.find((candidate) => candidate.id === id);
    if (!frame) return;
    const [dx, dy] = [to.x - frame.position.x, to.y - frame.position.y];
    const members = new Set(frame.data.group.nodes.filter((member) => !haveMoved.has(member)));
    for (const member of members) haveMoved.add(member);
    const shift = (node: BlockFlowNode) => ({ ...node, position: { x: node.position.x + dx, y: node.position.y + dy } });
    if (isDone) for (const node of nodes) if (members.has(node.id)) places[node.id] = [shift(node).position.x, shift(node).position.y];
    if (dx !== 0 || dy !== 0) setNodes((before) => before.map((node) => (members.has(node.id) ? shift(node) : node)));
  };
  const settleMove = (ids: string[], positions: Positions) => {
    const edge = aim.aimed();
    const edits = edge && ids.length === 1 ? threadingExisting(model, ids[0] as string, edge) : null;
    aim.at(null);
    dispatch(edits ? { type: "edit", edits, positions } : { type: "move", positions });
  };
  const settlePlaces = (places: Places) => {
    const ofNotes = Object.entries(places).filter(([id]) => id.startsWith(NOTE_PREFIX));
    const ofBlocks = Object.fromEntries(Object.entries(places).filter(([id]) => !isDecoration(id)));
    if (ofNotes.length > 0) {
      const changes = Object.fromEntries(ofNotes.map(([id, position]) => [id.slice(NOTE_PREFIX.length), { position }]));
      dispatch({ type: "edit", edits: changingNotes(document, changes), positions: ofBlocks });
    } else if (Object.keys(ofBlocks).length > 0) settleMove(Object.keys(ofBlocks), ofBlocks);
  };
  const onNodesChange = (changes: NodeChange<SceneNode>[]) => {
    const ofBlocks = changes.filter((change) => !("id" in change) || !isDecoration(change.id)) as NodeChange<BlockFlowNode>[];
    const ofNotes = changes.filter((change) => "id" in change && change.id.startsWith(NOTE_PREFIX)) as NodeChange<NoteFlowNode>[];
    if (ofBlocks.length > 0) setNodes((before) => applyNodeChanges(ofBlocks.filter((change) => change.type !== "select"), before));
    if (ofNotes.length > 0) setNotes((before) => applyNodeChanges(ofNotes.filter((change) => change.type !== "select"), before));
    const chosen: Record<"nodes" | "groups" | "notes", Record<string, boolean>> = { nodes: {}, groups: {}, notes: {} };
    const places: Places = {};
    const haveMoved = new Set(ofBlocks.flatMap((change) => (change.type === "position" && change.position ? [change.id] : [])));
    for (const change of changes) {
      if (change.type === "select") {
        const [of, id] = selectedPart(change.id);
        chosen[of][id] = change.selected;
      }
      if (change.type !== "position" || !change.position) continue;
      if (selectedPart(change.id)[0] === "groups") carry(change.id, change.position, change.dragging === false, places, haveMoved);
      else if (change.dragging === false) places[change.id] = [change.position.x, change.position.y];
    }
    for (const of of ["nodes", "groups", "notes"] as const)
      if (Object.keys(chosen[of]).length > 0) dispatch({ type: "choose", of, changes: chosen[of] });
    settlePlaces(places);
  };
  const onNodeDrag = (event: MouseEvent | TouchEvent | React.MouseEvent, node: SceneNode, dragged: SceneNode[]) => {
    const point = "touches" in event ? event.touches[0] : event;
    const isLoose = !document.edges.some((edge) => edge.source === node.id || edge.target === node.id);
    if (isDecoration(node.id) || !isLoose || dragged.length > 1 || !point) return;
    const edge = aim.edgeBelow(point.clientX, point.clientY);
    aim.at(edge && threadingExisting(model, node.id, edge) ? edge : null);
  };
  return { onNodesChange, onNodeDrag };
}
