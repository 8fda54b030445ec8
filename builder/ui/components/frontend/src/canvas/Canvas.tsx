/** The whole editor: palette, canvas, inspector, problems and toolbar around one reducer. */

import {
  applyNodeChanges,
  Background,
  BackgroundVariant,
  ConnectionLineType,
  Controls,
  MiniMap,
  ReactFlow,
  ReactFlowProvider,
  useConnection,
  useReactFlow,
  useStore,
  type Connection as FlowConnection,
  type EdgeChange,
  type FinalConnectionState,
  type NodeChange,
  type OnConnectStartParams,
} from "@xyflow/react";
import { flushSync } from "react-dom";
import { useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "react";
import type { BlockDeclaration, CanvasData, CanvasState, GraphEdge, LibraryRequest, Problem } from "../wire";
import { BlockNode, DrawingContext, RepairContext, type BlockFlowNode, type Drawing } from "./BlockNode";
import { CategorySign, colourOf } from "./categories";
import { connecting, fittingSources, fittingTargets, refusal, takes, type Connection, type Model } from "./connect";
import { ContextMenu } from "./ContextMenu";
import { aligned, distributed, type Alignment } from "./align";
import { clipFrom, clipText, copied, isEmpty, isMeantAsClip, ownKinds, pasting, type Clip } from "./clip";
import { isLooking, type Command } from "./commands";
import { changingAll } from "./common";
import { MakeBlock, Shortcuts } from "./Dialogs";
import { DifferenceContext, NO_DIFFERENCE } from "./difference";
import { edgeId } from "./document";
import {
  BoxNode,
  frameNodes,
  FrameContext,
  FrameNode,
  GROUP_PREFIX,
  NOTE_PREFIX,
  noteNodes,
  NoteNode,
  type FrameActions,
  type NoteFlowNode,
} from "./frames";
import { changingGroup, folding, grouping, groupsOf, ungrouping, type Rectangle } from "./groups";
import { FarContext } from "./far/context";
import { FarPicture } from "./far/FarPicture";
import { useFar } from "./far/hooks";
import { placeOf, type SceneNode } from "./far/places";
import { FlowEdge, type ShapedEdge } from "./FlowEdge";
import { useCatalogue, useHeight, useInfer, useKeeping, useStable } from "./hooks";
import { Icon } from "./icons";
import { Inspector, Overview } from "./Inspector";
import { commandOf, isForElement, MODIFIERS } from "./keys";
import { tidy } from "./layout";
import { MarksContext, useMarkStore } from "./marks";
import { gliding } from "./motion";
import { addingNote, changingNotes, freePlace, noteRectangle, removingNotes } from "./notes";
import { withOwnBlocks } from "./own/declare";
import { opened } from "./own/inside";
import { isKept, packed, unpacked } from "./own/library";
import { expanding, making, makeFault, mayStandIn, separating } from "./own/make";
import { isOwn } from "./own/ports";
import { answerInside, listedProblems, useOf } from "./own/told";
import { Palette, type PaletteDrag } from "./Palette";
import {
  adding,
  addingAfter,
  addingAtWire,
  GRID,
  insertingOn,
  NODE_HEIGHT,
  NODE_WIDTH,
  removing,
  threadingExisting,
  type Change,
  type Wire,
} from "./place";
import { PreviewContext, usePreview } from "./preview/hooks";
import { QuickSearch } from "./QuickSearch";
import { initialState, reducer } from "./reducer";
import { Several } from "./Several";
import { SidePanel } from "./SidePanel";
import { fittingKinds, replacing, swapFault, swapping } from "./swap";
import { ModelFacts, Problems, Toolbar, type ToolbarAction } from "./Toolbar";
import { flowEdges, flowNodes } from "./views";
import { neighbour, nextInOrder, type Way } from "./walk";

const NODE_TYPES = { block: BlockNode, frame: FrameNode, box: BoxNode, note: NoteNode };

const EDGE_TYPES = { flow: FlowEdge };
const SNAP: [number, number] = [GRID, GRID];
const SEVERAL_KEYS = ["Meta", "Control", "Shift"];
const MANY_NODES = 150;
const READABLE_ZOOM = 0.45;
const COMFORTABLE_ZOOM = 0.8;
const PASTE_STEP = 30;
// React Flow hears of a new size a frame later.
const SETTLE_MS = 40;
const NO_LIBRARY: NonNullable<CanvasData["library"]> = [];
const FIT = { padding: 0.12, maxZoom: 1 };
const GLIDE_MS = 250;
const ZOOM_MS = 120;

/** What was copied; it outlives one project, so that blocks can be taken along to another. */
let clipboard: { clip: Clip; pasted: number } | null = null;

export interface CanvasProps {
  readonly data: CanvasData;
  readonly send: (state: CanvasState) => void;
  readonly registerFlush: (flush: () => void) => void;
  readonly keepInLibrary: (request: LibraryRequest) => void;
}

export function Canvas(props: CanvasProps) {
  return (
    <ReactFlowProvider>
      <DifferenceContext.Provider value={props.data.marks ?? NO_DIFFERENCE}>
        <Editor {...props} />
      </DifferenceContext.Provider>
    </ReactFlowProvider>
  );
}

interface Quick {
  readonly left: number;
  readonly top: number;
  readonly at: readonly [number, number];
  readonly wire: Wire | null;
}

function Editor({ data, send, registerFlush, keepInLibrary }: CanvasProps) {
  const { readOnly } = data;
  const [state, dispatch] = useReducer(reducer, data, ({ document, docVersion }) => initialState(document, docVersion));
  const { catalogue: known, hasFailed } = useCatalogue(data.catalogueUrl, data.token);
  const { answer: told, isSlow, failure } = useInfer(data, state);
  const { inside } = state;
  const isInside = inside.length > 0;
  const answer = useMemo(() => answerInside(told, inside), [told, inside]);
  const document = useMemo(() => opened(state.document, inside), [state.document, inside]);
  const definitions = state.document.definitions;
  const catalogue = useMemo(() => withOwnBlocks(known, definitions), [known, definitions]);
  const flush = useKeeping(state, send, registerFlush);
  const model: Model = useMemo(() => ({ document, catalogue, facts: answer?.nodes ?? {} }), [document, catalogue, answer]);
  const whole: Model = useMemo(
    () => ({ document: state.document, catalogue, facts: told?.nodes ?? {} }),
    [state.document, catalogue, told],
  );
  const marks = useMarkStore();
  const preview = usePreview(data, state.document);
  const open = inside.at(-1);
  const library = data.library ?? NO_LIBRARY;
  const blocks = useMemo(() => {
    const stored = withOwnBlocks(known, Object.assign({}, ...library.map(unpacked), definitions));
    return [...stored.values()].filter((block) => mayStandIn(block.kind, open, definitions));
  }, [known, library, definitions, open]);

  const rootRef = useRef<HTMLDivElement>(null);
  const height = useHeight(rootRef, data.height);
  const paneRef = useRef<HTMLDivElement>(null);
  const searchRef = useRef<HTMLInputElement>(null);
  const flow = useReactFlow();
  const isFar = useStore((store) => store.transform[2] < READABLE_ZOOM);

  const [nodes, setNodes] = useState<BlockFlowNode[]>([]);
  const [notes, setNotes] = useState<NoteFlowNode[]>([]);
  const [menu, setMenu] = useState<{ left: number; top: number } | null>(null);
  const [dialog, setDialog] = useState<"make" | "help" | null>(null);
  const [replaced, setReplaced] = useState<string | null>(null);
  const [edges, setEdges] = useState<ShapedEdge[]>([]);
  const [drawing, setDrawing] = useState<Drawing | null>(null);
  const [drag, setDrag] = useState<PaletteDrag | null>(null);
  const [quick, setQuick] = useState<Quick | null>(null);
  const [targetEdge, setTargetEdge] = useState<string | null>(null);
  const [isPaletteOpen, setPaletteOpen] = useState(true);
  const [areProblemsOpen, setProblemsOpen] = useState(true);
  const targetRef = useRef<string | null>(null);

  useEffect(() => {
    if (data.docVersion !== state.docVersion)
      dispatch({ type: "load", document: data.document, docVersion: data.docVersion });
  }, [data.docVersion]);

  useLayoutEffect(() => {
    setNodes((before) => flowNodes(before, document, catalogue, answer, state.selection.nodes));
  }, [document, catalogue, answer, state.selection.nodes]);
  useLayoutEffect(() => {
    setEdges((before) => flowEdges(before, document, answer, state.selection.edges, targetEdge));
  }, [document, answer, state.selection.edges, targetEdge]);
  useLayoutEffect(() => {
    setNotes((before) => noteNodes(before, document, state.selection.notes));
  }, [document, state.selection.notes]);
  const folded = useMemo(() => folding(document), [document]);
  const frames = useMemo(() => {
    if (folded.shown.length === 0) return [];
    return frameNodes(document, folded, placesOf(nodes), state.selection.groups);
  }, [document, folded, nodes, state.selection.groups]);
  const scene: SceneNode[] = useMemo(() => {
    if (frames.length + notes.length === 0) return nodes;
    return [...frames, ...notes, ...nodes.filter((node) => !folded.boxOf.has(node.id))];
  }, [frames, notes, nodes, folded]);
  const wires = useMemo(() => (folded.boxOf.size === 0 ? edges : rerouted(edges, folded.boxOf)), [edges, folded]);

  const isBare = isFar && nodes.length > MANY_NODES;
  const far = useFar(isBare, scene, wires);
  const isCompared = data.marks !== null;
  const home = useCallback(() => {
    const pane = paneRef.current?.getBoundingClientRect();
    const shown = flow.getNodes();
    if (!pane || shown.length === 0) return;
    const { x, y, width, height } = flow.getNodesBounds(shown);
    const zoom = Math.min(1, (pane.width - 60) / width, (pane.height - 60) / height);
    // What differs may lie anywhere: where models are compared, the whole of each is shown.
    if (zoom >= COMFORTABLE_ZOOM || isCompared) void flow.fitView({ padding: 0.05, maxZoom: 1 });
    else
      void flow.setViewport({
        zoom: COMFORTABLE_ZOOM,
        x: pane.width / 2 - (x + width / 2) * COMFORTABLE_ZOOM,
        y: 28 - y * COMFORTABLE_ZOOM,
      });
  }, [flow, isCompared]);
  const areMeasured = nodes.length > 0 && nodes[0]?.measured !== undefined;
  const isAnswered = told !== null;
  const wantedRef = useRef<readonly string[] | null>(null);
  const [settled, setSettled] = useState<string | null>(null);
  const handsOnRef = useRef<string | null>(null);
  const place = `${state.docVersion} ${inside.join()}`;
  useEffect(() => {
    // The first answer may open the list of problems, which leaves less room.
    if (!areMeasured) return;
    const timer = setTimeout(() => {
      // Whoever has begun to work here keeps the view.
      if (handsOnRef.current !== place) home();
      if (wantedRef.current) reveal(wantedRef.current);
      wantedRef.current = null;
      if (isAnswered) setSettled(place);
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [areMeasured, isAnswered, place, home]);
  const layHandsOn = () => {
    handsOnRef.current = place;
  };

  const edgeBelow = (x: number, y: number): GraphEdge | null => {
    const root = paneRef.current?.getRootNode() as Document | ShadowRoot | undefined;
    const element = root?.elementsFromPoint(x, y).find((candidate) => candidate.closest(".react-flow__edge"));
    const id = element?.closest(".react-flow__edge")?.getAttribute("data-id") ?? far.edgeAtPoint(x, y)?.id;
    return document.edges.find((edge) => edgeId(edge) === id) ?? null;
  };
  const aimAt = (edge: GraphEdge | null) => {
    targetRef.current = edge && edgeId(edge);
    setTargetEdge(targetRef.current);
  };

  const reveal = useCallback((ids: readonly string[]) => {
    requestAnimationFrame(() => {
      const pane = paneRef.current?.getBoundingClientRect();
      const node = flow.getNode(ids[0] ?? "");
      if (!pane || !node) return;
      const { x, y, zoom } = flow.getViewport();
      const [left, top] = [node.position.x * zoom + x, node.position.y * zoom + y];
      const isSeen = left > 0 && top > 0 && left + NODE_WIDTH * zoom < pane.width && top + NODE_HEIGHT * zoom < pane.height;
      if (!isSeen)
        void flow.setCenter(node.position.x + NODE_WIDTH / 2, node.position.y + NODE_HEIGHT / 2, { zoom, ...gliding(GLIDE_MS) });
    });
  }, [flow]);
  const make = useCallback((change: Change) => {
    dispatch({ type: "edit", ...change });
    reveal(change.select);
  }, [reveal]);
  /** A block of the library brings its definition into the project. */
  const makeWithLibrary = (block: BlockDeclaration, change: Change) => {
    const entry = definitions?.[block.kind] ? undefined : library.find((candidate) => candidate.kind === block.kind);
    const brought = entry ? Object.entries(unpacked(entry)).filter(([kind]) => !definitions?.[kind]) : [];
    const edits = brought.map(([kind, definition]) => ({ op: "set_definition", kind, definition }) as const);
    make({ ...change, edits: [...edits, ...change.edits] });
  };
  const isHere = useCallback((problem: Problem) => answer?.problems.includes(problem) ?? false, [answer]);
  const repair = useCallback((problem: Problem) => {
    if (!problem.repair) return;
    if (!isHere(problem)) dispatch({ type: "open", inside: [] });
    dispatch({ type: "edit", edits: problem.repair.edits });
  }, [isHere]);
  const show = useCallback((ids: readonly string[]) => {
    dispatch({ type: "select", nodes: ids });
    reveal(ids);
  }, [reveal]);
  const jump = useStable((problem: Problem) => {
    if (problem.block === null) return;
    if (isHere(problem)) return show([problem.block]);
    wantedRef.current = [problem.block];
    dispatch({ type: "open", inside: [] });
    dispatch({ type: "select", nodes: [problem.block] });
  });

  const centre = (): [number, number] => {
    const pane = paneRef.current?.getBoundingClientRect();
    const at = flow.screenToFlowPosition({ x: (pane?.left ?? 0) + (pane?.width ?? 0) / 2, y: (pane?.top ?? 0) + (pane?.height ?? 0) / 3 });
    return [at.x - NODE_WIDTH / 2, at.y];
  };
  const add = useStable((block: BlockDeclaration) => {
    const [only, ...others] = state.selection.nodes;
    makeWithLibrary(block, only && others.length === 0 ? addingAfter(model, block, only) : adding(model, block, centre()));
  });
  const pointAt = (x: number, y: number): [number, number] => {
    const at = flow.screenToFlowPosition({ x, y });
    return [at.x - NODE_WIDTH / 2, at.y - NODE_HEIGHT / 2];
  };
  const isOverPane = (x: number, y: number) => {
    const pane = paneRef.current?.getBoundingClientRect();
    return pane !== undefined && x > pane.left && x < pane.right && y > pane.top && y < pane.bottom;
  };
  const dragFromPalette = useStable((next: PaletteDrag | null) => {
    setDrag(next);
    const edge = next && isOverPane(next.x, next.y) ? edgeBelow(next.x, next.y) : null;
    aimAt(edge && next?.block.inputs.some((port) => takes(port, model.facts[edge.source]?.flow)) ? edge : null);
  });
  const hidePalette = useStable(() => setPaletteOpen(false));
  const toggleProblems = useStable(() => setProblemsOpen((before) => !before));
  const dropFromPalette = useStable(({ block, x, y }: PaletteDrag) => {
    if (!isOverPane(x, y)) return;
    const edge = edgeBelow(x, y);
    makeWithLibrary(block, edge ? insertingOn(model, block, edge, pointAt(x, y)) : adding(model, block, pointAt(x, y)));
  });

  const onNodesChange = (changes: NodeChange<SceneNode>[]) => {
    const ofBlocks = changes.filter((change) => !("id" in change) || !isDecoration(change.id)) as NodeChange<BlockFlowNode>[];
    const ofNotes = changes.filter((change) => "id" in change && change.id.startsWith(NOTE_PREFIX)) as NodeChange<NoteFlowNode>[];
    if (ofBlocks.length > 0) setNodes((before) => applyNodeChanges(ofBlocks.filter((change) => change.type !== "select"), before));
    if (ofNotes.length > 0) setNotes((before) => applyNodeChanges(ofNotes.filter((change) => change.type !== "select"), before));
    const chosen: Record<"nodes" | "groups" | "notes", Record<string, boolean>> = { nodes: {}, groups: {}, notes: {} };
    const places: Record<string, readonly [number, number]> = {};
    for (const change of changes) {
      if (change.type === "select") {
        const [of, id] = selectedPart(change.id);
        chosen[of][id] = change.selected;
      }
      if (change.type !== "position" || !change.position) continue;
      if (change.id.startsWith(GROUP_PREFIX)) carry(change.id, change.position, change.dragging === false, places);
      else if (change.dragging === false) places[change.id] = [change.position.x, change.position.y];
    }
    for (const of of ["nodes", "groups", "notes"] as const)
      if (Object.keys(chosen[of]).length > 0) dispatch({ type: "choose", of, changes: chosen[of] });
    settlePlaces(places);
  };
  /** Move a group's blocks along with its frame or its box. */
  const carry = (id: string, to: { x: number; y: number }, isDone: boolean, places: Record<string, readonly [number, number]>) => {
    const frame = frames.find((candidate) => candidate.id === id);
    if (!frame) return;
    const [dx, dy] = [to.x - frame.position.x, to.y - frame.position.y];
    const members = new Set(frame.data.group.nodes);
    const shift = (node: BlockFlowNode) => ({ ...node, position: { x: node.position.x + dx, y: node.position.y + dy } });
    if (isDone) for (const node of nodes) if (members.has(node.id)) places[node.id] = [shift(node).position.x, shift(node).position.y];
    if (dx !== 0 || dy !== 0) setNodes((before) => before.map((node) => (members.has(node.id) ? shift(node) : node)));
  };
  const settlePlaces = (places: Record<string, readonly [number, number]>) => {
    const ofNotes = Object.entries(places).filter(([id]) => id.startsWith(NOTE_PREFIX));
    const ofBlocks = Object.fromEntries(Object.entries(places).filter(([id]) => !isDecoration(id)));
    if (ofNotes.length > 0) {
      const changes = Object.fromEntries(ofNotes.map(([id, position]) => [id.slice(NOTE_PREFIX.length), { position }]));
      dispatch({ type: "edit", edits: changingNotes(document, changes), positions: ofBlocks });
    } else if (Object.keys(ofBlocks).length > 0) settleMove(Object.keys(ofBlocks), ofBlocks);
  };
  const settleMove = (ids: string[], positions: Record<string, readonly [number, number]>) => {
    const edge = document.edges.find((candidate) => edgeId(candidate) === targetRef.current);
    const edits = edge && ids.length === 1 ? threadingExisting(model, ids[0] as string, edge) : null;
    aimAt(null);
    dispatch(edits ? { type: "edit", edits, positions } : { type: "move", positions });
  };
  const onNodeDrag = (event: MouseEvent | TouchEvent | React.MouseEvent, node: SceneNode, dragged: SceneNode[]) => {
    const point = "touches" in event ? event.touches[0] : event;
    const isLoose = !document.edges.some((edge) => edge.source === node.id || edge.target === node.id);
    if (isDecoration(node.id) || !isLoose || dragged.length > 1 || !point) return;
    const edge = edgeBelow(point.clientX, point.clientY);
    aimAt(edge && threadingExisting(model, node.id, edge) ? edge : null);
  };
  const onEdgesChange = (changes: EdgeChange<ShapedEdge>[]) => {
    const chosen = changes.flatMap((change) => (change.type === "select" ? [[change.id, change.selected] as const] : []));
    if (chosen.length > 0) dispatch({ type: "choose", of: "edges", changes: Object.fromEntries(chosen) });
  };

  const onConnectStart = (_: unknown, { nodeId, handleId, handleType }: OnConnectStartParams) => {
    if (!nodeId || !handleId) return;
    const isFromOutput = handleType === "source";
    const fits = isFromOutput ? fittingTargets(model, nodeId, handleId) : fittingSources(model, nodeId, handleId);
    setDrawing({ loose: isFromOutput ? "target" : "source", fits });
  };
  const fits = (wire: FlowConnection | ShapedEdge) => refusal(model, asConnection(wire)) === null;
  const onConnect = (wire: FlowConnection) => dispatch({ type: "edit", edits: connecting(model, asConnection(wire)) });
  const onConnectEnd = (event: MouseEvent | TouchEvent, end: FinalConnectionState) => {
    setDrawing(null);
    const { fromHandle, toHandle, isValid } = end;
    if (!fromHandle || isValid) return;
    if (toHandle) {
      const [out, into] = fromHandle.type === "source" ? [fromHandle, toHandle] : [toHandle, fromHandle];
      const wire = { source: out.nodeId, sourceHandle: out.id ?? null, target: into.nodeId, targetHandle: into.id ?? null };
      const isReversed = fromHandle.type === toHandle.type;
      dispatch({ type: "refuse", reason: isReversed ? "Connect an output to an input." : refusal(model, asConnection(wire)) });
      return;
    }
    const point = "changedTouches" in event ? event.changedTouches[0] : event;
    const isEmpty = (event.target as Element | null)?.classList?.contains("react-flow__pane");
    if (point && isEmpty)
      openQuick(point.clientX, point.clientY, { id: fromHandle.nodeId, port: fromHandle.id ?? "output", from: fromHandle.type });
  };

  const openQuick = (x: number, y: number, wire: Wire | null) => {
    const root = rootRef.current?.getBoundingClientRect();
    if (!root || readOnly) return;
    const left = Math.max(8, Math.min(x - root.left - 20, root.width - 288));
    const top = Math.max(8, Math.min(y - root.top - 16, root.height - 308));
    const at = pointAt(x, y);
    setQuick({ left, top, at: wire ? [at[0], at[1] + NODE_HEIGHT / 2] : at, wire });
  };
  const quickBlocks = useMemo(() => {
    if (replaced !== null) return likeFirst(fittingKinds(model, replaced, blocks), model.catalogue.get(document.nodes.find(({ id }) => id === replaced)?.kind ?? ""));
    if (!quick?.wire) return blocks;
    const { id, from } = quick.wire;
    if (from === "target") return blocks.filter((block) => block.outputs.length > 0);
    return blocks.filter((block) => block.inputs.some((port) => takes(port, model.facts[id]?.flow)));
  }, [quick, replaced, blocks, model]);
  const closeQuick = () => {
    setQuick(null);
    setReplaced(null);
    rootRef.current?.focus({ preventScroll: true });
  };
  const closeDialog = () => {
    setDialog(null);
    rootRef.current?.focus({ preventScroll: true });
  };
  const chooseQuick = (block: BlockDeclaration) => {
    const change = replaced === null ? null : replacing(model, replaced, block);
    if (change) make(change);
    else if (quick) makeWithLibrary(block, quick.wire ? addingAtWire(model, block, quick.at, quick.wire) : adding(model, block, quick.at));
    closeQuick();
  };

  const selected = state.selection.nodes;
  const [only] = selected.length === 1 ? selected : [];
  const chosenNodes = document.nodes.filter((node) => selected.includes(node.id));
  const ownKind = chosenNodes.length === 1 && isOwn(chosenNodes[0]?.kind ?? "") ? chosenNodes[0]?.kind : undefined;
  const copy = () => {
    const clip = copied(document, state.selection);
    if (isEmpty(clip)) return;
    clipboard = { clip, pasted: 0 };
    // Other windows and projects paste from the system's clipboard, where the browser allows it.
    void navigator.clipboard?.writeText(clipText(clip)).catch(() => undefined);
  };
  const remove = () => {
    const marked = new Set(state.selection.edges);
    const gone = document.edges.filter((edge) => marked.has(edgeId(edge)));
    const edits = removing(model, selected, gone);
    if (state.selection.groups.length > 0) edits.push(...ungrouping(document, state.selection.groups));
    if (state.selection.notes.length > 0) edits.push(...removingNotes(document, state.selection.notes));
    if (edits.length > 0) dispatch({ type: "edit", edits });
  };
  const paste = async (isConnected: boolean) => {
    const refuse = (reason: string) => dispatch({ type: "refuse", reason });
    const text = await navigator.clipboard?.readText().catch(() => "");
    const foreign = text ? clipFrom(text) : null;
    if (foreign && (!clipboard || clipText(clipboard.clip) !== clipText(foreign))) clipboard = { clip: foreign, pasted: 0 };
    if (text && !foreign && isMeantAsClip(text)) return refuse("The blocks on the clipboard are cut off or changed, so they were not pasted. Copy them again.");
    if (!clipboard) return refuse("No blocks were copied yet. Select some and press Ctrl+C.");
    clipboard.pasted += 1;
    insertClip(clipboard.clip, clipboard.pasted, isConnected);
  };
  const insertClip = (clip: Clip, times: number, isConnected = false) => {
    if (isEmpty(clip)) return;
    const misplaced = ownKinds(clip).find((kind) => !mayStandIn(kind, open, { ...definitions, ...clip.definitions }));
    if (misplaced) dispatch({ type: "refuse", reason: "An own block cannot be put into itself." });
    else make(pasting(model, clip, [PASTE_STEP * times, PASTE_STEP * times], isConnected));
  };
  const sizes = () => Object.fromEntries(placesOf(nodes));
  const arrange = () => {
    dispatch({ type: "move", positions: tidy(document, sizes()) });
    requestAnimationFrame(() => void flow.fitView({ ...FIT, ...gliding(GLIDE_MS) }));
  };
  const align = (by: Alignment) => dispatch({ type: "move", positions: aligned(document, selected, by, sizes()) });
  const spread = (along: "across" | "down") => dispatch({ type: "move", positions: distributed(document, selected, along, sizes()) });
  const go = (id: string | null) => id !== null && show([id]);
  const walk = (way: Way) => go(neighbour(document, selected.at(-1) ?? "", way));
  const nudge = (dx: number, dy: number) =>
    dispatch({
      type: "move",
      positions: Object.fromEntries(chosenNodes.map(({ id, position: [x, y] }) => [id, [x + dx * GRID, y + dy * GRID] as const])),
    });
  const fullScreen = () =>
    void (window.document.fullscreenElement ? window.document.exitFullscreen() : rootRef.current?.requestFullscreen());
  const startMaking = () => {
    const fault = makeFault(model, selected);
    if (fault) dispatch({ type: "refuse", reason: fault });
    else setDialog("make");
  };
  const startReplacing = () => {
    const node = only === undefined ? undefined : flow.getNode(only);
    if (!node) return;
    const at = flow.flowToScreenPosition({ x: node.position.x, y: node.position.y + NODE_HEIGHT });
    openQuick(at.x, at.y, null);
    setReplaced(node.id);
  };
  const swap = () => {
    const [one, other] = selected;
    if (selected.length !== 2 || one === undefined || other === undefined) return;
    const fault = swapFault(model, one, other);
    if (fault) dispatch({ type: "refuse", reason: fault });
    else dispatch({ type: "edit", edits: swapping(document, one, other), select: [one, other] });
  };
  const foldAll = (collapsed: boolean) => {
    const around = groupsOf(document).filter(
      (group) => state.selection.groups.includes(group.id) || group.nodes.some((id) => selected.includes(id)),
    );
    for (const group of around) dispatch({ type: "edit", edits: changingGroup(document, group.id, { collapsed }) });
  };
  const openMenu = (x: number, y: number) => {
    const root = rootRef.current?.getBoundingClientRect();
    if (root) setMenu({ left: x - root.left, top: y - root.top });
  };
  const menuOfSelection = () => {
    const node = flow.getNode(selected.at(-1) ?? "");
    const pane = paneRef.current?.getBoundingClientRect();
    const at = node ? flow.flowToScreenPosition({ x: node.position.x, y: node.position.y + NODE_HEIGHT }) : { x: (pane?.left ?? 0) + 40, y: (pane?.top ?? 0) + 40 };
    openMenu(at.x, at.y);
  };
  const commands: Record<Command, () => void> = {
    undo: () => dispatch({ type: "undo" }),
    redo: () => dispatch({ type: "redo" }),
    copy,
    cut: () => {
      copy();
      remove();
    },
    paste: () => void paste(false),
    pasteConnected: () => void paste(true),
    duplicate: () => insertClip(copied(document, state.selection), 1),
    remove,
    selectAll: () =>
      dispatch({ type: "select", nodes: document.nodes.map((node) => node.id), chosen: { notes: (document.notes ?? []).map((note) => note.id) } }),
    deselect: () => dispatch({ type: "select", nodes: [] }),
    search: () => {
      // At once where the palette is open: the next letter may be typed within the same frame.
      flushSync(() => setPaletteOpen(true));
      searchRef.current?.focus();
    },
    settings: () => rootRef.current?.querySelector<HTMLElement>(".kb-inspector-body input, .kb-inspector-body select")?.focus(),
    rename: () => rootRef.current?.querySelector<HTMLInputElement>("#kb-name")?.select(),
    replace: startReplacing,
    swap,
    freeze: () => dispatch({ type: "edit", edits: changingAll(chosenNodes, { frozen: true }) }),
    unfreeze: () => dispatch({ type: "edit", edits: changingAll(chosenNodes, { frozen: false }) }),
    makeBlock: startMaking,
    openBlock: () => ownKind !== undefined && dispatch({ type: "open", inside: [...inside, ownKind] }),
    leaveBlock: () => dispatch({ type: "open", inside: inside.slice(0, -1) }),
    expandBlock: () => {
      const change = only === undefined ? null : expanding(model, only);
      if (change) make(change);
    },
    separateBlock: () => {
      const edits = only === undefined ? null : separating(document, only);
      if (edits) dispatch({ type: "edit", edits });
    },
    group: () => {
      const made = grouping(document, selected);
      if (made) dispatch({ type: "edit", edits: made.edits, select: selected, chosen: { groups: [made.id] } });
    },
    ungroup: () => {
      const ids = groupsOf(document)
        .filter((group) => state.selection.groups.includes(group.id) || group.nodes.every((id) => selected.includes(id)))
        .map((group) => group.id);
      if (ids.length > 0) dispatch({ type: "edit", edits: ungrouping(document, ids) });
    },
    fold: () => foldAll(true),
    unfold: () => foldAll(false),
    note: () => {
      const covered = [...placesOf(nodes).values(), ...(document.notes ?? []).map(noteRectangle)];
      const made = addingNote(document, freePlace(centre(), covered));
      dispatch({ type: "edit", edits: made.edits, select: [], chosen: { notes: [made.id] } });
    },
    tidy: arrange,
    alignLeft: () => align("left"),
    alignCentre: () => align("centre"),
    alignRight: () => align("right"),
    alignTop: () => align("top"),
    alignMiddle: () => align("middle"),
    alignBottom: () => align("bottom"),
    spreadAcross: () => spread("across"),
    spreadDown: () => spread("down"),
    zoomIn: () => void flow.zoomIn(gliding(ZOOM_MS)),
    zoomOut: () => void flow.zoomOut(gliding(ZOOM_MS)),
    fit: () => void flow.fitView({ ...FIT, ...gliding(GLIDE_MS) }),
    fitSelection: () => void flow.fitView({ ...FIT, ...gliding(GLIDE_MS), nodes: selected.map((id) => ({ id })) }),
    fullScreen,
    menu: menuOfSelection,
    help: () => setDialog("help"),
    walkUp: () => walk("up"),
    walkDown: () => walk("down"),
    walkLeft: () => walk("left"),
    walkRight: () => walk("right"),
    next: () => go(nextInOrder(document, selected.at(-1), 1)),
    previous: () => go(nextInOrder(document, selected.at(-1), -1)),
    nudgeUp: () => nudge(0, -1),
    nudgeDown: () => nudge(0, 1),
    nudgeLeft: () => nudge(-1, 0),
    nudgeRight: () => nudge(1, 0),
  };
  const isAvailable: Partial<Record<Command, boolean>> = {
    copy: selected.length + state.selection.notes.length > 0,
    cut: selected.length > 0,
    duplicate: selected.length > 0,
    replace: only !== undefined,
    swap: selected.length === 2,
    freeze: chosenNodes.some((node) => !node.frozen),
    unfreeze: chosenNodes.some((node) => node.frozen),
    makeBlock: selected.length > 0,
    openBlock: ownKind !== undefined,
    expandBlock: ownKind !== undefined,
    separateBlock: ownKind !== undefined,
    leaveBlock: isInside,
    group: selected.length > 0,
    ungroup: state.selection.groups.length > 0 || groupsOf(document).some((group) => group.nodes.every((id) => selected.includes(id))),
    fold: frames.some(({ data: { group } }) => !group.collapsed && (state.selection.groups.includes(group.id) || group.nodes.some((id) => selected.includes(id)))),
    unfold: frames.some(({ data: { group } }) => group.collapsed && state.selection.groups.includes(group.id)),
    // The last block in the flow leads out of the canvas, as Tab does everywhere.
    next: nextInOrder(document, selected.at(-1), 1) !== null,
    previous: nextInOrder(document, selected.at(-1), -1) !== null,
    fitSelection: selected.length > 0,
    remove: selected.length + state.selection.edges.length + state.selection.groups.length + state.selection.notes.length > 0,
  };
  const canRun = (command: Command) => (isAvailable[command] ?? true) && (!readOnly || isLooking(command));
  const menuCommands = (selected.length > 0 ? BLOCK_MENU : PANE_MENU).filter(canRun);
  const frameActions: FrameActions = {
    changeGroup: (id, change) => dispatch({ type: "edit", edits: changingGroup(document, id, change) }),
    changeNote: (id, change, isTyping) =>
      dispatch({ type: "edit", edits: changingNotes(document, { [id]: change }), ...(isTyping ? { typing: `note.${id}` } : {}) }),
    settle: () => dispatch({ type: "settle" }),
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (!MODIFIERS.has(event.key)) event.stopPropagation();
    const command = commandOf(event);
    const isTravel = command === "undo" || command === "redo";
    const isForOther = isForElement(event.nativeEvent.composedPath()[0] as EventTarget | undefined, event) && !isTravel;
    if (!command || isForOther || event.defaultPrevented || !canRun(command)) return;
    event.preventDefault();
    if (areMeasured) layHandsOn();
    commands[command]();
  };

  const isNothingChosen = state.selection.nodes.length + state.selection.edges.length === 0;
  const isNoNodeChosen = state.selection.nodes.length === 0;
  const editing: ToolbarAction[][] = [
    [
      { icon: "undo", label: "Undo", keys: "Ctrl+Z", disabled: state.past.length === 0, run: commands.undo },
      { icon: "redo", label: "Redo", keys: "Ctrl+Shift+Z", disabled: state.future.length === 0, run: commands.redo },
    ],
    [
      { icon: "duplicate", label: "Duplicate", keys: "Ctrl+D", disabled: isNoNodeChosen, run: commands.duplicate },
      { icon: "copy", label: "Copy", keys: "Ctrl+C", disabled: isNoNodeChosen, run: commands.copy },
      { icon: "paste", label: "Paste", keys: "Ctrl+V", run: commands.paste },
      { icon: "remove", label: "Delete", keys: "Delete", disabled: isNothingChosen, run: commands.remove },
    ],
    [
      { icon: "group", label: "Group", keys: "Ctrl+G", disabled: isNoNodeChosen, run: commands.group },
      { icon: "stack", label: "Make a block of these…", keys: "Ctrl+Shift+B", disabled: isNoNodeChosen, run: commands.makeBlock },
      { icon: "note", label: "Add a note", keys: "N", run: commands.note },
      { icon: "layout", label: "Arrange the blocks", keys: "L", run: arrange },
    ],
  ];
  const viewing: ToolbarAction[] = [
    { icon: "fit", label: "Zoom to fit", run: commands.fit },
    { icon: "expand", label: "Full screen", run: fullScreen },
    { icon: "keyboard", label: "Keyboard shortcuts", keys: "?", run: commands.help },
  ];
  const showPalette: ToolbarAction[] = [{ icon: "panel", label: "Show the blocks", run: () => setPaletteOpen(true) }];
  const groups = [...(readOnly || isPaletteOpen ? [] : [showPalette]), ...(readOnly ? [] : editing), viewing];

  const chosen = state.selection.nodes.length === 1 ? document.nodes.find((node) => node.id === state.selection.nodes[0]) : undefined;
  const problems = useMemo(() => listedProblems(told, inside), [told, inside]);
  const use = useOf(told, inside);
  const root = rootRef.current?.getBoundingClientRect();
  const banner = hasFailed ? "The list of blocks could not be loaded. Trying again…" : failure;

  return (
    <RepairContext.Provider value={readOnly ? null : repair}>
      <DrawingContext.Provider value={drawing}>
        <MarksContext.Provider value={marks}>
        <PreviewContext.Provider value={isInside ? null : preview}>
        <FrameContext.Provider value={readOnly ? null : frameActions}>
        <FarContext.Provider value={isBare}>
        <div
          ref={rootRef}
          className={`kb-root${isFar ? " kb-far" : ""}${isBare ? " kb-bare-blocks" : ""}${readOnly ? " kb-readonly" : ""}`}
          style={{ height }}
          tabIndex={-1}
          role="application"
          aria-label="Model editor"
          data-rev={state.rev}
          data-answered={told?.rev}
          data-settled={settled === place || document.nodes.length === 0 || undefined}
          onKeyDown={onKeyDown}
          onBlur={(event) => {
            if (!event.currentTarget.contains(event.relatedTarget)) flush();
          }}
        >
          {!readOnly && isPaletteOpen && (
            <Palette
              blocks={blocks}
              searchRef={searchRef}
              onAdd={add}
              onDrag={dragFromPalette}
              onDrop={dropFromPalette}
              onClose={hidePalette}
            />
          )}
          <main className="kb-centre">
            <Toolbar groups={groups}>
              <ModelFacts answer={told} isSlow={isSlow} />
            </Toolbar>
            {banner && (
              <div className="kb-banner" role="alert">
                <Icon name="warning" />
                {banner}
              </div>
            )}
            {isInside && (
              <nav className="kb-trail" aria-label="Where you are">
                <button type="button" onClick={() => dispatch({ type: "open", inside: [] })}>
                  Model
                </button>
                {inside.map((kind, index) => (
                  <button
                    key={kind}
                    type="button"
                    aria-current={index === inside.length - 1}
                    onClick={() => dispatch({ type: "open", inside: inside.slice(0, index + 1) })}
                  >
                    {definitions?.[kind]?.label ?? kind}
                  </button>
                ))}
                {told && (
                  <span className="kb-quiet">
                    {use === undefined ? "It is used nowhere in the model, so no shapes are known." : `Shapes as in the block '${use}'.`}
                  </span>
                )}
              </nav>
            )}
            <div
              ref={paneRef}
              className="kb-pane"
              onPointerDownCapture={(event) => {
                layHandsOn();
                far.approach(event);
              }}
              onPointerMove={(event) => event.buttons === 0 && far.approach(event)}
              onWheelCapture={layHandsOn}
              onContextMenu={(event) => {
                event.preventDefault();
                const id = (event.target as Element).closest(".react-flow__node")?.getAttribute("data-id");
                const [of, name] = id ? selectedPart(id) : ["nodes" as const, ""];
                if (name && !state.selection[of].includes(name))
                  dispatch(of === "nodes" ? { type: "select", nodes: [name] } : { type: "select", nodes: [], chosen: { [of]: [name] } });
                openMenu(event.clientX, event.clientY);
              }}
              onDoubleClick={(event) => {
                const target = event.target as Element;
                if (target.classList.contains("react-flow__pane")) openQuick(event.clientX, event.clientY, null);
                else if (ownKind !== undefined && target.closest(`[data-id="${only}"]`)) commands.openBlock();
              }}
              onPointerDown={(event) => {
                const target = event.target as Element;
                if (!target.closest("input, button, select, textarea, a")) rootRef.current?.focus({ preventScroll: true });
              }}
            >
              <ReactFlow<SceneNode, ShapedEdge>
                nodes={far.nodes}
                edges={far.edges}
                nodeTypes={NODE_TYPES}
                edgeTypes={EDGE_TYPES}
                onNodesChange={onNodesChange}
                onEdgesChange={onEdgesChange}
                onMoveStart={() => paneRef.current?.classList.add("kb-moving")}
                onMoveEnd={() => paneRef.current?.classList.remove("kb-moving")}
                onNodeDrag={onNodeDrag}
                onNodeClick={(event, node) => {
                  // A plain click means this one, also where it is one of several that are selected.
                  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
                  if (isPlain && selected.length > 1 && selected.includes(node.id)) dispatch({ type: "select", nodes: [node.id] });
                }}
                onConnect={onConnect}
                onConnectStart={onConnectStart}
                onConnectEnd={onConnectEnd}
                isValidConnection={fits}
                connectionLineType={ConnectionLineType.Bezier}
                connectionRadius={28}
                nodesDraggable={!readOnly}
                nodesConnectable={!readOnly}
                onlyRenderVisibleElements={nodes.length > MANY_NODES && !isBare}
                snapToGrid
                snapGrid={SNAP}
                minZoom={0.1}
                maxZoom={2}
                deleteKeyCode={null}
                selectionKeyCode="Shift"
                multiSelectionKeyCode={SEVERAL_KEYS}
                zoomOnDoubleClick={false}
                elevateEdgesOnSelect={false}
              >
                {isBare && <FarPicture nodes={far.picture} edges={far.lines} />}
                <Background variant={BackgroundVariant.Dots} gap={20} size={1.4} />
                <Controls showInteractive={false} showFitView={false} position="bottom-left" />
                {nodes.length > 4 && !isBare && <MiniMap pannable zoomable nodeColor={minimapColour} nodeBorderRadius={16} ariaLabel="Overview of the model" />}
              </ReactFlow>
              {nodes.length === 0 && !readOnly && catalogue.size > 0 && (
                <div className="kb-empty">
                  <b>Start with an Input block</b>
                  <p>Drag blocks from the left, or double-click here and type a block's name.</p>
                </div>
              )}
              {drawing ? (
                <WireHint model={model} />
              ) : (
                state.refusal && <Toast message={state.refusal} onDone={() => dispatch({ type: "refuse", reason: null })} />
              )}
            </div>
            <Problems
              problems={problems}
              isOpen={areProblemsOpen}
              isKnown={told !== null}
              onToggle={toggleProblems}
              onJump={jump}
              onRepair={readOnly ? null : repair}
            />
          </main>
          <SidePanel data={data} model={whole} answer={told} selection={isInside ? [] : selected} select={show}>
            {chosenNodes.length > 1 ? (
              <Several model={model} nodes={chosenNodes} readOnly={readOnly} dispatch={dispatch} run={(command) => commands[command]()} onClose={commands.deselect} />
            ) : chosen ? (
              <Inspector
                model={model}
                node={chosen}
                answer={answer}
                readOnly={readOnly}
                dispatch={dispatch}
                onRepair={repair}
                onClose={commands.deselect}
                library={ownKind !== undefined && data.library !== null && definitions?.[ownKind] ? {
                  isKept: isKept(library, ownKind, definitions),
                  toggle: (isKeptNow: boolean) =>
                    keepInLibrary(
                      isKeptNow
                        ? { action: "remove", kind: ownKind, definition: packed(ownKind, definitions) }
                        : { action: "save", kind: ownKind, definition: packed(ownKind, definitions) },
                    ),
                } : null}
              />
            ) : (
              <Overview
                title={open === undefined ? "Model" : (definitions?.[open]?.label ?? open)}
                answer={answer}
                count={document.nodes.length}
                readOnly={readOnly}
              />
            )}
          </SidePanel>
          {quick && <QuickSearch label={replaced === null ? "Add a block" : `Replace '${replaced}' with`} blocks={quickBlocks} left={quick.left} top={quick.top} onChoose={chooseQuick} onClose={closeQuick} />}
          {menu && menuCommands.length > 0 && (
            <ContextMenu
              left={menu.left}
              top={menu.top}
              commands={menuCommands}
              onClose={() => setMenu(null)}
              onLeave={() => rootRef.current?.focus({ preventScroll: true })}
              onChoose={(command) => {
                setMenu(null);
                rootRef.current?.focus({ preventScroll: true });
                commands[command]();
              }}
            />
          )}
          {dialog === "make" && (
            <MakeBlock
              model={model}
              ids={selected}
              onClose={closeDialog}
              onMake={(wanted) => {
                closeDialog();
                make(making(model, selected, wanted));
              }}
            />
          )}
          {dialog === "help" && <Shortcuts onClose={closeDialog} />}
          {drag && root && (
            <div className="kb-ghost" style={{ left: drag.x - root.left, top: drag.y - root.top }}>
              <CategorySign category={drag.block.category} />
              {drag.block.label}
            </div>
          )}
        </div>
        </FarContext.Provider>
        </FrameContext.Provider>
        </PreviewContext.Provider>
        </MarksContext.Provider>
      </DrawingContext.Provider>
    </RepairContext.Provider>
  );
}

/** Blocks of the same family before the others. */
function likeFirst(blocks: readonly BlockDeclaration[], like: BlockDeclaration | undefined): BlockDeclaration[] {
  const isLike = (block: BlockDeclaration) => block.category === like?.category;
  return [...blocks.filter(isLike), ...blocks.filter((block) => !isLike(block))];
}

const BLOCK_MENU: readonly Command[] = [
  "cut", "copy", "duplicate", "pasteConnected", "remove", "rename", "replace", "swap", "freeze", "unfreeze", "makeBlock", "openBlock",
  "expandBlock", "separateBlock", "group", "ungroup", "fold", "fitSelection",
];
const PANE_MENU: readonly Command[] = ["paste", "selectAll", "search", "note", "unfold", "fold", "ungroup", "remove", "leaveBlock", "tidy", "fit", "help"];

const isDecoration = (id: string) => id.startsWith(GROUP_PREFIX) || id.startsWith(NOTE_PREFIX);

/** Which part of the selection a drawn node belongs to, and its own id. */
function selectedPart(id: string): ["nodes" | "groups" | "notes", string] {
  if (id.startsWith(GROUP_PREFIX)) return ["groups", id.slice(GROUP_PREFIX.length)];
  if (id.startsWith(NOTE_PREFIX)) return ["notes", id.slice(NOTE_PREFIX.length)];
  return ["nodes", id];
}

function placesOf(nodes: readonly BlockFlowNode[]): Map<string, Rectangle> {
  return new Map(nodes.map((node) => [node.id, placeOf(node)]));
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

const TOAST_MS = 5000;

function Toast({ message, onDone }: { message: string; onDone: () => void }) {
  useEffect(() => {
    const timer = setTimeout(onDone, TOAST_MS);
    return () => clearTimeout(timer);
  }, [message]);
  return (
    <div className="kb-toast" role="status">
      {message}
    </div>
  );
}

/** Says, while a wire is held over a port, why it does not fit there. */
function WireHint({ model }: { model: Model }) {
  const reason = useConnection(({ fromHandle, toHandle }) => {
    if (!fromHandle || !toHandle || fromHandle.type === toHandle.type) return null;
    const [out, into] = fromHandle.type === "source" ? [fromHandle, toHandle] : [toHandle, fromHandle];
    return refusal(model, asConnection({ source: out.nodeId, sourceHandle: out.id, target: into.nodeId, targetHandle: into.id }));
  });
  return reason && <div className="kb-toast">{reason}</div>;
}

function asConnection(wire: { source: string; sourceHandle?: string | null; target: string; targetHandle?: string | null }): Connection {
  return {
    source: wire.source,
    sourcePort: wire.sourceHandle ?? "output",
    target: wire.target,
    targetPort: wire.targetHandle ?? "input",
  };
}

function minimapColour(node: SceneNode): string {
  if (node.type !== "block") return "transparent";
  return colourOf((node as BlockFlowNode).data.block?.category ?? "");
}
