/** The whole editor: palette, canvas, inspector, problems and toolbar around one reducer. */

import {
  Background,
  BackgroundVariant,
  ConnectionLineType,
  Controls,
  MiniMap,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
  type EdgeChange,
} from "@xyflow/react";
import { useCallback, useMemo, useReducer, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { BlockDeclaration, CanvasData, CanvasState, GraphDocument, LibraryRequest, Problem } from "../wire";
import { actsOf, availability, chosenOf, type Editing } from "./acts";
import { BlockNode, DrawingContext, RepairContext, type BlockFlowNode } from "./BlockNode";
import { CategorySign, colourOf } from "./categories";
import { clipboardFor, type Workplace } from "./clipboard";
import { isLooking, type Command } from "./commands";
import { takes, type Model } from "./connect";
import { ContextMenu } from "./ContextMenu";
import { MakeBlock, Shortcuts } from "./Dialogs";
import { DifferenceContext, NO_DIFFERENCE } from "./difference";
import { FarContext } from "./far/context";
import { FarPicture } from "./far/FarPicture";
import { useFar } from "./far/hooks";
import type { SceneNode } from "./far/places";
import { FlowEdge, type ShapedEdge } from "./FlowEdge";
import { BoxNode, FrameContext, FrameNode, GROUP_PREFIX, NoteNode, type FrameActions } from "./frames";
import { changingGroup, folding, unhiding } from "./groups";
import { Toast, WireHint } from "./hints";
import { useCatalogue, useHeight, useInfer, useKeeping, useStable, useVersions } from "./hooks";
import { Icon } from "./icons";
import { Inspector, Overview } from "./Inspector";
import { commandOf, isComposing, isDraft, isForElement, isTextField, MODIFIERS } from "./keys";
import { MarksContext, useMarkStore } from "./marks";
import { movingHandlers, useAim } from "./moving";
import { changingNotes, fullNote } from "./notes";
import { withOwnBlocks } from "./own/declare";
import { opened } from "./own/inside";
import { isKept, packed, unpacked } from "./own/library";
import { makeFault, making, mayStandIn } from "./own/make";
import { answerInside, listedProblems, useOf } from "./own/told";
import { Palette, type PaletteDrag } from "./Palette";
import { adding, addingAfter, addingAtWire, GRID, insertingOn, NODE_HEIGHT, NODE_WIDTH, type Change, type Wire } from "./place";
import { PreviewContext, usePreview } from "./preview/hooks";
import { QuickSearch } from "./QuickSearch";
import { initialState, reducer } from "./reducer";
import { placesOf, selectedPart, useScene } from "./scene";
import { Several } from "./Several";
import { SidePanel } from "./SidePanel";
import { fittingKinds, replacing } from "./swap";
import { ModelFacts, Problems, Toolbar } from "./Toolbar";
import { toolGroups } from "./tools";
import { Trail } from "./Trail";
import { useView } from "./view";
import { useWiring } from "./wiring";

const NODE_TYPES = { block: BlockNode, frame: FrameNode, box: BoxNode, note: NoteNode };

const EDGE_TYPES = { flow: FlowEdge };
const SNAP: [number, number] = [GRID, GRID];
const SEVERAL_KEYS = ["Meta", "Control", "Shift"];
const MANY_NODES = 150;
const READABLE_ZOOM = 0.45;
const NO_LIBRARY: NonNullable<CanvasData["library"]> = [];

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
  const { readOnly, longestText } = data;
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

  const [menu, setMenu] = useState<{ left: number; top: number } | null>(null);
  const [dialog, setDialog] = useState<"make" | "help" | null>(null);
  const [replaced, setReplaced] = useState<string | null>(null);
  const [drag, setDrag] = useState<PaletteDrag | null>(null);
  const [quick, setQuick] = useState<Quick | null>(null);
  const [targetEdge, setTargetEdge] = useState<string | null>(null);
  const [isPaletteOpen, setPaletteOpen] = useState(true);
  const [areProblemsOpen, setProblemsOpen] = useState(true);

  useVersions(data, state, dispatch);

  const { nodes, setNodes, setNotes, frames, scene, wires } = useScene(document, catalogue, answer, state.selection, targetEdge);
  const isBare = isFar && nodes.length > MANY_NODES;
  const far = useFar(isBare, scene, wires);
  const aim = useAim(paneRef, document.edges, far.edgeAtPoint, setTargetEdge);
  const areMeasured = nodes.length > 0 && nodes[0]?.measured !== undefined;
  const view = useView(paneRef, {
    place: `${state.loads} ${inside.join()}`,
    isCompared: data.marks !== null,
    areMeasured,
    isAnswered: told !== null,
  });
  const { reveal } = view;
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
  const show = useStable((ids: readonly string[]) => {
    select(document, ids);
    // Where nothing may be changed, a folded group stays, and is shown for what is in it.
    const { boxOf } = folding(document);
    reveal(readOnly ? ids.map((id) => (boxOf.has(id) ? GROUP_PREFIX + boxOf.get(id) : id)) : ids);
  });
  /** Select blocks, and unfold what hides them. */
  const select = (graph: GraphDocument, ids: readonly string[]) => {
    const edits = readOnly ? [] : unhiding(graph, ids);
    dispatch(edits.length > 0 ? { type: "edit", edits, select: ids } : { type: "select", nodes: ids });
  };
  const jump = useStable((problem: Problem) => {
    if (problem.block === null) return;
    if (isHere(problem)) return show([problem.block]);
    view.revealNext([problem.block]);
    dispatch({ type: "open", inside: [] });
    select(state.document, [problem.block]);
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
    const edge = next && isOverPane(next.x, next.y) ? aim.edgeBelow(next.x, next.y) : null;
    aim.at(edge && next?.block.inputs.some((port) => takes(port, model.facts[edge.source]?.flow)) ? edge : null);
  });
  const hidePalette = useStable(() => setPaletteOpen(false));
  const toggleProblems = useStable(() => setProblemsOpen((before) => !before));
  const dropFromPalette = useStable(({ block, x, y }: PaletteDrag) => {
    if (!isOverPane(x, y)) return;
    const edge = aim.edgeBelow(x, y);
    makeWithLibrary(block, edge ? insertingOn(model, block, edge, pointAt(x, y)) : adding(model, block, pointAt(x, y)));
  });

  const moving = movingHandlers({ model, nodes, frames, aim, setNodes, setNotes, dispatch });
  const onEdgesChange = (changes: EdgeChange<ShapedEdge>[]) => {
    const chosen = changes.flatMap((change) => (change.type === "select" ? [[change.id, change.selected] as const] : []));
    if (chosen.length > 0) dispatch({ type: "choose", of: "edges", changes: Object.fromEntries(chosen) });
  };

  const openQuick = (x: number, y: number, wire: Wire | null) => {
    const root = rootRef.current?.getBoundingClientRect();
    if (!root || readOnly) return;
    const left = Math.max(8, Math.min(x - root.left - 20, root.width - 288));
    const top = Math.max(8, Math.min(y - root.top - 16, root.height - 308));
    const at = pointAt(x, y);
    setQuick({ left, top, at: wire ? [at[0], at[1] + NODE_HEIGHT / 2] : at, wire });
  };
  const wiring = useWiring(model, dispatch, openQuick);
  const quickBlocks = useMemo(() => {
    if (replaced !== null) return likeFirst(fittingKinds(model, replaced, blocks), model.catalogue.get(document.nodes.find(({ id }) => id === replaced)?.kind ?? ""));
    if (!quick?.wire) return blocks;
    const { id, from } = quick.wire;
    if (from === "target") return blocks.filter((block) => block.outputs.length > 0);
    return blocks.filter((block) => block.inputs.some((port) => takes(port, model.facts[id]?.flow)));
  }, [quick, replaced, blocks, model]);
  const closeQuick = (isLeft = false) => {
    setQuick(null);
    setReplaced(null);
    // Who has clicked on something else has put the focus there.
    if (!isLeft) rootRef.current?.focus({ preventScroll: true });
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

  const { selection } = state;
  const { ids: selected, nodes: chosenNodes, only, ownKind } = chosenOf(model, selection);
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
  // The browser may take its time to give the clipboard, and the model goes on meanwhile.
  const workplace = useStable((): Workplace => ({ model, selection, open, definitions, longestText, make, dispatch }));
  const editing: Editing = {
    model,
    selection,
    inside,
    places: () => placesOf(nodes),
    frames,
    view,
    clipboard: clipboardFor(workplace),
    dispatch,
    make,
    show,
    centre,
    opening: {
      search: () => {
        // At once where the palette is open: the next letter may be typed within the same frame.
        flushSync(() => setPaletteOpen(true));
        searchRef.current?.focus();
      },
      settings: () => rootRef.current?.querySelector<HTMLElement>(".kb-inspector-body input, .kb-inspector-body select")?.focus(),
      rename: () => rootRef.current?.querySelector<HTMLInputElement>("#kb-name")?.select(),
      replace: startReplacing,
      makeBlock: startMaking,
      fullScreen: () => void (window.document.fullscreenElement ? window.document.exitFullscreen() : rootRef.current?.requestFullscreen()),
      menu: menuOfSelection,
      help: () => setDialog("help"),
    },
  };
  const commands = actsOf(editing);
  const isAvailable = availability(editing);
  const canRun = (command: Command) => (isAvailable[command] ?? true) && (!readOnly || isLooking(command));
  const menuCommands = (selected.length > 0 ? BLOCK_MENU : PANE_MENU).filter(canRun);
  const frameActions: FrameActions = {
    changeGroup: (id, change) => dispatch({ type: "edit", edits: changingGroup(document, id, change) }),
    changeNote: (id, change, isTyping) => {
      dispatch({ type: "edit", edits: changingNotes(document, { [id]: change }), ...(isTyping ? { typing: `note.${id}` } : {}) });
      // The browser cuts what is pasted without a word.
      if (change.text?.length === longestText) dispatch({ type: "refuse", reason: fullNote(longestText) });
    },
    settle: () => dispatch({ type: "settle" }),
    longestText,
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (!MODIFIERS.has(event.key)) event.stopPropagation();
    const command = commandOf(event);
    const target = event.nativeEvent.composedPath()[0] as EventTarget | undefined;
    const isTravel = (command === "undo" || command === "redo") && !isDraft(target);
    const isForOther = isForElement(target, event) && !isTravel;
    if (!command || isForOther || event.defaultPrevented || !canRun(command)) return;
    // Text that a person has marked is what is meant.
    if (command === "copy" && String(window.getSelection()) !== "") return;
    event.preventDefault();
    if (areMeasured) view.layHandsOn();
    if (!isLooking(command)) keepKeys(target);
    commands[command]();
  };
  /** A block, connection or note that is taken away takes the focus along: the canvas keeps it. */
  const keepKeys = (target: EventTarget | undefined) => {
    const root = rootRef.current;
    if (!root || !(target instanceof Element) || !target.closest(".react-flow__node, .react-flow__edge")) return;
    if (!isTextField(target)) return root.focus({ preventScroll: true });
    requestAnimationFrame(() => target.isConnected || root.focus({ preventScroll: true }));
  };

  const tools = toolGroups({
    commands,
    selection,
    canUndo: state.past.length > 0,
    canRedo: state.future.length > 0,
    readOnly,
    showPalette: isPaletteOpen ? null : () => setPaletteOpen(true),
  });

  const chosen = only === undefined ? undefined : chosenNodes[0];
  const problems = useMemo(() => listedProblems(told, inside), [told, inside]);
  const use = useOf(told, inside);
  const root = rootRef.current?.getBoundingClientRect();
  const banner = hasFailed ? "The list of blocks could not be loaded. Trying again…" : failure;

  return (
    <RepairContext.Provider value={readOnly ? null : repair}>
      <DrawingContext.Provider value={wiring.drawing}>
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
          data-settled={view.isSettled || document.nodes.length === 0 || undefined}
          onKeyDownCapture={(event) => isComposing(event.nativeEvent) && event.stopPropagation()}
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
            <Toolbar groups={tools}>
              <ModelFacts answer={told} isSlow={isSlow} />
            </Toolbar>
            {banner && (
              <div className="kb-banner" role="alert">
                <Icon name="warning" />
                {banner}
              </div>
            )}
            {isInside && <Trail inside={inside} definitions={definitions} isAnswered={told !== null} use={use} dispatch={dispatch} />}
            <div
              ref={paneRef}
              className="kb-pane"
              onPointerDownCapture={(event) => {
                view.layHandsOn();
                far.approach(event);
              }}
              onPointerMove={(event) => event.buttons === 0 && far.approach(event)}
              onWheelCapture={view.layHandsOn}
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
                if (target.closest("input, button, select, textarea, a")) return;
                // Blocks cannot be marked, so a click on one would leave what is marked elsewhere.
                window.getSelection()?.removeAllRanges();
                rootRef.current?.focus({ preventScroll: true });
              }}
            >
              <ReactFlow<SceneNode, ShapedEdge>
                nodes={far.nodes}
                edges={far.edges}
                nodeTypes={NODE_TYPES}
                edgeTypes={EDGE_TYPES}
                {...moving}
                {...wiring.handlers}
                onEdgesChange={onEdgesChange}
                onMoveStart={() => paneRef.current?.classList.add("kb-moving")}
                onMoveEnd={() => paneRef.current?.classList.remove("kb-moving")}
                onNodeClick={(event, node) => {
                  // A plain click means this one, also where it is one of several that are selected.
                  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
                  if (isPlain && selected.length > 1 && selected.includes(node.id)) dispatch({ type: "select", nodes: [node.id] });
                }}
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
              {wiring.drawing ? (
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

function minimapColour(node: SceneNode): string {
  if (node.type !== "block") return "transparent";
  return colourOf((node as BlockFlowNode).data.block?.category ?? "");
}
