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
import type { BlockDeclaration, CanvasData, CanvasState, GraphEdge, Problem } from "../wire";
import { BlockNode, DrawingContext, RepairContext, type BlockFlowNode, type Drawing } from "./BlockNode";
import { CategorySign, colourOf } from "./categories";
import { connecting, fittingSources, fittingTargets, refusal, takes, type Connection, type Model } from "./connect";
import { edgeId } from "./document";
import { FlowEdge, type ShapedEdge } from "./FlowEdge";
import { useCatalogue, useHeight, useInfer, useKeeping } from "./hooks";
import { Icon } from "./icons";
import { Inspector, Overview } from "./Inspector";
import { commandOf, isTextField, MODIFIERS, type Command } from "./keys";
import { tidy } from "./layout";
import { Palette, type PaletteDrag } from "./Palette";
import {
  adding,
  addingAfter,
  addingAtWire,
  copied,
  GRID,
  insertingOn,
  NODE_HEIGHT,
  NODE_WIDTH,
  pasting,
  removing,
  threadingExisting,
  type Change,
  type Clip,
  type Wire,
} from "./place";
import { QuickSearch } from "./QuickSearch";
import { initialState, reducer } from "./reducer";
import { ModelFacts, Problems, Toolbar, type ToolbarAction } from "./Toolbar";
import { flowEdges, flowNodes } from "./views";

const NODE_TYPES = { block: BlockNode };
const EDGE_TYPES = { flow: FlowEdge };
const SNAP: [number, number] = [GRID, GRID];
const SEVERAL_KEYS = ["Meta", "Control", "Shift"];
const MANY_NODES = 150;
const READABLE_ZOOM = 0.45;
const COMFORTABLE_ZOOM = 0.8;
const PASTE_STEP = 30;
// React Flow hears of a new size a frame later.
const SETTLE_MS = 40;
const FIT = { padding: 0.12, maxZoom: 1, duration: 250 };

/** What was copied; it outlives one project, so that blocks can be taken along to another. */
let clipboard: { clip: Clip; pasted: number } | null = null;

export interface CanvasProps {
  readonly data: CanvasData;
  readonly send: (state: CanvasState) => void;
  readonly registerFlush: (flush: () => void) => void;
}

export function Canvas(props: CanvasProps) {
  return (
    <ReactFlowProvider>
      <Editor {...props} />
    </ReactFlowProvider>
  );
}

interface Quick {
  readonly left: number;
  readonly top: number;
  readonly at: readonly [number, number];
  readonly wire: Wire | null;
}

function Editor({ data, send, registerFlush }: CanvasProps) {
  const { readOnly } = data;
  const [state, dispatch] = useReducer(reducer, data, ({ document, docVersion }) => initialState(document, docVersion));
  const { catalogue, hasFailed } = useCatalogue(data.catalogueUrl, data.token);
  const { answer, isSlow, failure } = useInfer(data, state);
  const flush = useKeeping(state, send, registerFlush);
  const model: Model = useMemo(
    () => ({ document: state.document, catalogue, facts: answer?.nodes ?? {} }),
    [state.document, catalogue, answer],
  );
  const blocks = useMemo(() => [...catalogue.values()], [catalogue]);

  const rootRef = useRef<HTMLDivElement>(null);
  const height = useHeight(rootRef, data.height);
  const paneRef = useRef<HTMLDivElement>(null);
  const searchRef = useRef<HTMLInputElement>(null);
  const flow = useReactFlow();
  const isFar = useStore((store) => store.transform[2] < READABLE_ZOOM);

  const [nodes, setNodes] = useState<BlockFlowNode[]>([]);
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
    setNodes((before) => flowNodes(before, state.document, catalogue, answer, state.selection.nodes));
  }, [state.document, catalogue, answer, state.selection.nodes]);
  useLayoutEffect(() => {
    setEdges((before) => flowEdges(before, state.document, answer, state.selection.edges, targetEdge));
  }, [state.document, answer, state.selection.edges, targetEdge]);

  const home = useCallback(() => {
    const pane = paneRef.current?.getBoundingClientRect();
    const shown = flow.getNodes();
    if (!pane || shown.length === 0) return;
    const { x, y, width, height } = flow.getNodesBounds(shown);
    const zoom = Math.min(1, (pane.width - 60) / width, (pane.height - 60) / height);
    if (zoom >= COMFORTABLE_ZOOM) void flow.fitView({ padding: 0.05, maxZoom: 1 });
    else
      void flow.setViewport({
        zoom: COMFORTABLE_ZOOM,
        x: pane.width / 2 - (x + width / 2) * COMFORTABLE_ZOOM,
        y: 28 - y * COMFORTABLE_ZOOM,
      });
  }, [flow]);
  const areMeasured = nodes.length > 0 && nodes[0]?.measured !== undefined;
  const isAnswered = answer !== null;
  useEffect(() => {
    // The first answer may open the list of problems, which leaves less room.
    if (!areMeasured) return;
    const timer = setTimeout(home, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [areMeasured, isAnswered, state.docVersion, home]);

  const edgeBelow = useCallback((x: number, y: number): GraphEdge | null => {
    const root = paneRef.current?.getRootNode() as Document | ShadowRoot | undefined;
    const element = root?.elementsFromPoint(x, y).find((candidate) => candidate.closest(".react-flow__edge"));
    const id = element?.closest(".react-flow__edge")?.getAttribute("data-id");
    return state.document.edges.find((edge) => edgeId(edge) === id) ?? null;
  }, [state.document]);
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
        void flow.setCenter(node.position.x + NODE_WIDTH / 2, node.position.y + NODE_HEIGHT / 2, { zoom, duration: 250 });
    });
  }, [flow]);
  const make = useCallback((change: Change) => {
    dispatch({ type: "edit", ...change });
    reveal(change.select);
  }, [reveal]);
  const repair = useCallback((problem: Problem) => {
    if (problem.repair) dispatch({ type: "edit", edits: problem.repair.edits });
  }, []);
  const jump = (problem: Problem) => {
    if (problem.block === null) return;
    dispatch({ type: "select", nodes: [problem.block] });
    reveal([problem.block]);
  };

  const centre = (): [number, number] => {
    const pane = paneRef.current?.getBoundingClientRect();
    const at = flow.screenToFlowPosition({ x: (pane?.left ?? 0) + (pane?.width ?? 0) / 2, y: (pane?.top ?? 0) + (pane?.height ?? 0) / 3 });
    return [at.x - NODE_WIDTH / 2, at.y];
  };
  const add = (block: BlockDeclaration) => {
    const [only, ...others] = state.selection.nodes;
    make(only && others.length === 0 ? addingAfter(model, block, only) : adding(model, block, centre()));
  };
  const pointAt = (x: number, y: number): [number, number] => {
    const at = flow.screenToFlowPosition({ x, y });
    return [at.x - NODE_WIDTH / 2, at.y - NODE_HEIGHT / 2];
  };
  const isOverPane = (x: number, y: number) => {
    const pane = paneRef.current?.getBoundingClientRect();
    return pane !== undefined && x > pane.left && x < pane.right && y > pane.top && y < pane.bottom;
  };
  const dragFromPalette = (next: PaletteDrag | null) => {
    setDrag(next);
    const edge = next && isOverPane(next.x, next.y) ? edgeBelow(next.x, next.y) : null;
    aimAt(edge && next?.block.inputs.some((port) => takes(port, model.facts[edge.source]?.flow)) ? edge : null);
  };
  const dropFromPalette = ({ block, x, y }: PaletteDrag) => {
    if (!isOverPane(x, y)) return;
    const edge = edgeBelow(x, y);
    make(edge ? insertingOn(model, block, edge, pointAt(x, y)) : adding(model, block, pointAt(x, y)));
  };

  const onNodesChange = (changes: NodeChange<BlockFlowNode>[]) => {
    setNodes((before) => applyNodeChanges(changes.filter((change) => change.type !== "select"), before));
    const chosen: Record<string, boolean> = {};
    const places: Record<string, readonly [number, number]> = {};
    for (const change of changes) {
      if (change.type === "select") chosen[change.id] = change.selected;
      if (change.type === "position" && change.dragging === false && change.position)
        places[change.id] = [change.position.x, change.position.y];
    }
    if (Object.keys(chosen).length > 0) dispatch({ type: "choose", of: "nodes", changes: chosen });
    const ids = Object.keys(places);
    if (ids.length > 0) settleMove(ids, places);
  };
  const settleMove = (ids: string[], positions: Record<string, readonly [number, number]>) => {
    const edge = state.document.edges.find((candidate) => edgeId(candidate) === targetRef.current);
    const edits = edge && ids.length === 1 ? threadingExisting(model, ids[0] as string, edge) : null;
    aimAt(null);
    dispatch(edits ? { type: "edit", edits, positions } : { type: "move", positions });
  };
  const onNodeDrag = (event: MouseEvent | TouchEvent | React.MouseEvent, node: BlockFlowNode, dragged: BlockFlowNode[]) => {
    const point = "touches" in event ? event.touches[0] : event;
    const isLoose = !state.document.edges.some((edge) => edge.source === node.id || edge.target === node.id);
    if (!isLoose || dragged.length > 1 || !point) return;
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
    if (!quick?.wire) return blocks;
    const { id, from } = quick.wire;
    if (from === "target") return blocks.filter((block) => block.outputs.length > 0);
    return blocks.filter((block) => block.inputs.some((port) => takes(port, model.facts[id]?.flow)));
  }, [quick, blocks, model.facts]);
  const closeQuick = () => {
    setQuick(null);
    rootRef.current?.focus({ preventScroll: true });
  };
  const chooseQuick = (block: BlockDeclaration) => {
    if (quick) make(quick.wire ? addingAtWire(model, block, quick.at, quick.wire) : adding(model, block, quick.at));
    closeQuick();
  };

  const copy = () => {
    const clip = copied(state.document, state.selection.nodes);
    if (clip.nodes.length > 0) clipboard = { clip, pasted: 0 };
  };
  const remove = () => {
    const chosen = new Set(state.selection.edges);
    const wires = state.document.edges.filter((edge) => chosen.has(edgeId(edge)));
    const edits = removing(model, state.selection.nodes, wires);
    if (edits.length > 0) dispatch({ type: "edit", edits });
  };
  const paste = (clip: Clip, times: number) => {
    if (clip.nodes.length > 0) make(pasting(state.document, clip, [PASTE_STEP * times, PASTE_STEP * times]));
  };
  const commands: Record<Command, () => void> = {
    undo: () => dispatch({ type: "undo" }),
    redo: () => dispatch({ type: "redo" }),
    copy,
    cut: () => {
      copy();
      remove();
    },
    paste: () => {
      if (!clipboard) return;
      clipboard.pasted += 1;
      paste(clipboard.clip, clipboard.pasted);
    },
    duplicate: () => paste(copied(state.document, state.selection.nodes), 1),
    selectAll: () => dispatch({ type: "select", nodes: state.document.nodes.map((node) => node.id) }),
    remove,
    search: () => {
      // At once where the palette is open: the next letter may be typed within the same frame.
      flushSync(() => setPaletteOpen(true));
      searchRef.current?.focus();
    },
    deselect: () => dispatch({ type: "select", nodes: [] }),
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (!MODIFIERS.has(event.key)) event.stopPropagation();
    const command = commandOf(event);
    const isTyping = isTextField(event.nativeEvent.composedPath()[0]);
    const isForField = isTyping && command !== "undo" && command !== "redo";
    if (!command || isForField || event.defaultPrevented) return;
    if (readOnly && !["selectAll", "deselect", "copy"].includes(command)) return;
    if (command === "copy" && state.selection.nodes.length === 0) return;
    event.preventDefault();
    commands[command]();
  };
  const arrange = () => {
    const sizes = Object.fromEntries(
      nodes.map((node) => [node.id, { width: node.measured?.width ?? NODE_WIDTH, height: node.measured?.height ?? NODE_HEIGHT }]),
    );
    dispatch({ type: "move", positions: tidy(state.document, sizes) });
    requestAnimationFrame(() => void flow.fitView(FIT));
  };
  const expand = () => void (document.fullscreenElement ? document.exitFullscreen() : rootRef.current?.requestFullscreen());

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
    [{ icon: "layout", label: "Arrange the blocks", run: arrange }],
  ];
  const viewing: ToolbarAction[] = [
    { icon: "fit", label: "Zoom to fit", run: () => void flow.fitView(FIT) },
    { icon: "expand", label: "Full screen", run: expand },
  ];
  const showPalette: ToolbarAction[] = [{ icon: "panel", label: "Show the blocks", run: () => setPaletteOpen(true) }];
  const groups = [...(readOnly || isPaletteOpen ? [] : [showPalette]), ...(readOnly ? [] : editing), viewing];

  const chosen = state.selection.nodes.length === 1 ? state.document.nodes.find((node) => node.id === state.selection.nodes[0]) : undefined;
  const problems = answer?.problems ?? [];
  const root = rootRef.current?.getBoundingClientRect();
  const banner = hasFailed ? "The list of blocks could not be loaded. Trying again…" : failure;

  return (
    <RepairContext.Provider value={readOnly ? null : repair}>
      <DrawingContext.Provider value={drawing}>
        <div
          ref={rootRef}
          className={`kb-root${isFar ? " kb-far" : ""}${readOnly ? " kb-readonly" : ""}`}
          style={{ height }}
          tabIndex={-1}
          role="application"
          aria-label="Model editor"
          data-rev={state.rev}
          data-answered={answer?.rev}
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
              onClose={() => setPaletteOpen(false)}
            />
          )}
          <main className="kb-centre">
            <Toolbar groups={groups}>
              <ModelFacts answer={answer} isSlow={isSlow} />
            </Toolbar>
            {banner && (
              <div className="kb-banner" role="alert">
                <Icon name="warning" />
                {banner}
              </div>
            )}
            <div
              ref={paneRef}
              className="kb-pane"
              onDoubleClick={(event) => {
                if ((event.target as Element).classList.contains("react-flow__pane")) openQuick(event.clientX, event.clientY, null);
              }}
              onPointerDown={(event) => {
                const target = event.target as Element;
                if (!target.closest("input, button, select, textarea, a")) rootRef.current?.focus({ preventScroll: true });
              }}
            >
              <ReactFlow<BlockFlowNode, ShapedEdge>
                nodes={nodes}
                edges={edges}
                nodeTypes={NODE_TYPES}
                edgeTypes={EDGE_TYPES}
                onNodesChange={onNodesChange}
                onEdgesChange={onEdgesChange}
                onNodeDrag={onNodeDrag}
                onConnect={onConnect}
                onConnectStart={onConnectStart}
                onConnectEnd={onConnectEnd}
                isValidConnection={fits}
                connectionLineType={ConnectionLineType.Bezier}
                connectionRadius={28}
                nodesDraggable={!readOnly}
                nodesConnectable={!readOnly}
                onlyRenderVisibleElements={nodes.length > MANY_NODES}
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
                <Background variant={BackgroundVariant.Dots} gap={20} size={1.4} />
                <Controls showInteractive={false} showFitView={false} position="bottom-left" />
                {nodes.length > 4 && <MiniMap pannable zoomable nodeColor={minimapColour} nodeBorderRadius={16} ariaLabel="Overview of the model" />}
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
              isKnown={answer !== null}
              onToggle={() => setProblemsOpen(!areProblemsOpen)}
              onJump={jump}
              onRepair={readOnly ? null : repair}
            />
          </main>
          {chosen ? (
            <Inspector
              model={model}
              node={chosen}
              answer={answer}
              readOnly={readOnly}
              dispatch={dispatch}
              onRepair={repair}
              onClose={commands.deselect}
            />
          ) : (
            <Overview answer={answer} count={state.document.nodes.length} readOnly={readOnly} />
          )}
          {quick && <QuickSearch blocks={quickBlocks} left={quick.left} top={quick.top} onChoose={chooseQuick} onClose={closeQuick} />}
          {drag && root && (
            <div className="kb-ghost" style={{ left: drag.x - root.left, top: drag.y - root.top }}>
              <CategorySign category={drag.block.category} />
              {drag.block.label}
            </div>
          )}
        </div>
      </DrawingContext.Provider>
    </RepairContext.Provider>
  );
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

function minimapColour(node: BlockFlowNode): string {
  return colourOf(node.data.block?.category ?? "");
}
