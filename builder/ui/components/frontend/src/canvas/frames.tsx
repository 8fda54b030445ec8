/** What lies around the blocks: frames of groups, the box that a folded group becomes, and notes. */

import { Handle, NodeResizer, Position, type Node, type NodeProps } from "@xyflow/react";
import { createContext, memo, useContext, useEffect, useRef, useState, type ReactNode } from "react";
import type { Group, GraphDocument, Note, Problem } from "../wire";
import { NodeMark, worstOf } from "./BlockNode";
import { DifferenceContext, differencesOf } from "./difference";
import { BOX, boxPlace, depthWithin, frameAround, type Folding, type Rectangle } from "./groups";
import { Icon } from "./icons";
import { leaveForCanvas } from "./keys";
import { LEAST_NOTE } from "./notes";

export const GROUP_PREFIX = "group:";
export const NOTE_PREFIX = "note:";

export type FrameFlowNode = Node<
  {
    readonly group: Group;
    /** What is wrong with the blocks that a folded group hides. */
    readonly problems: readonly Problem[];
    readonly [key: string]: unknown;
  },
  "frame" | "box"
>;
export type NoteFlowNode = Node<{ readonly note: Note; readonly [key: string]: unknown }, "note">;

// React Flow raises what is selected by 1,000: a selected frame stays below the blocks that stand on it.
const FRAME_DEPTH = -2000;

/** What a frame or a note asks of the editor; null where the model is only shown. */
export interface FrameActions {
  readonly changeGroup: (id: string, change: Partial<Omit<Group, "id">>) => void;
  readonly changeNote: (id: string, change: Partial<Omit<Note, "id">>, isTyping: boolean) => void;
  readonly settle: () => void;
  /** How many characters a title or a note may have. */
  readonly longestText: number;
}

export const FrameContext = createContext<FrameActions | null>(null);

export const FrameNode = memo(function FrameNode({ data, selected }: NodeProps<FrameFlowNode>) {
  return (
    <div className={`kb-frame${selected ? " kb-selected" : ""}`}>
      <FrameHead group={data.group} />
    </div>
  );
});

export const BoxNode = memo(function BoxNode({ data, selected }: NodeProps<FrameFlowNode>) {
  const worst = worstOf(data.problems);
  const count = data.group.nodes.length;
  const differences = differencesOf(useContext(DifferenceContext), data.group.nodes);
  const [first] = differences;
  return (
    <div className={`kb-box${selected ? " kb-selected" : ""}${worst ? ` kb-box-${worst}` : ""}${first ? ` kb-box-${first[0]}` : ""}`}>
      {first && <span className="kb-difference">{differences.map(([mark, blocks]) => `${blocks} ${mark}`).join(", ")}</span>}
      <Handle id="input" type="target" position={Position.Top} isConnectable={false} className="kb-port" />
      <FrameHead group={data.group}>{worst && <NodeMark problems={data.problems} severity={worst} />}</FrameHead>
      <span className="kb-box-count">{count === 1 ? "1 block" : `${count} blocks`}</span>
      <Handle id="output" type="source" position={Position.Bottom} isConnectable={false} className="kb-port" />
    </div>
  );
});

function FrameHead({ group, children }: { group: Group; children?: ReactNode }) {
  const actions = useContext(FrameContext);
  const [title, setTitle] = useState(group.title);
  useEffect(() => setTitle(group.title), [group.title]);
  const settle = () => title !== group.title && actions?.changeGroup(group.id, { title });
  // The button stands to the left: a connection runs down the middle of most frames, and takes clicks there.
  const fold = group.collapsed ? "Unfold the group" : "Fold the group";
  return (
    <div className="kb-frame-head">
      {actions && (
        <button
          type="button"
          className="kb-bare nodrag"
          aria-label={fold}
          title={fold}
          onClick={() => actions.changeGroup(group.id, { collapsed: !group.collapsed })}
        >
          <Icon name={group.collapsed ? "unfold" : "fold"} />
        </button>
      )}
      <input
        className="kb-frame-title nodrag"
        data-draft
        aria-label="Title of the group"
        value={title}
        size={Math.max(8, title.length)}
        maxLength={actions?.longestText}
        disabled={actions === null}
        onChange={(event) => setTitle(event.target.value)}
        onBlur={settle}
        onKeyDown={(event) => {
          if (event.key === "Enter") leaveForCanvas(event.currentTarget);
        }}
      />
      {children}
    </div>
  );
}

export const NoteNode = memo(function NoteNode({ data, selected }: NodeProps<NoteFlowNode>) {
  const actions = useContext(FrameContext);
  const { note } = data;
  const field = useRef<HTMLTextAreaElement>(null);
  const isNew = selected && note.text === "" && actions !== null;
  useEffect(() => {
    // Who adds a note writes it at once; the letters would be shortcuts otherwise.
    if (isNew) field.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div className={`kb-note-node${selected ? " kb-selected" : ""}`}>
      <NodeResizer
        isVisible={selected && actions !== null}
        minWidth={LEAST_NOTE.width}
        minHeight={LEAST_NOTE.height}
        onResizeEnd={(_, { x, y, width, height }) =>
          actions?.changeNote(note.id, { position: [x, y], size: [Math.round(width), Math.round(height)] }, false)
        }
      />
      <textarea
        ref={field}
        className="nodrag nowheel"
        aria-label="Note"
        placeholder="Write a note"
        value={note.text}
        readOnly={actions === null}
        maxLength={actions?.longestText}
        onChange={(event) => actions?.changeNote(note.id, { text: event.target.value }, true)}
        onBlur={() => actions?.settle()}
      />
    </div>
  );
});

/** The note nodes of a document; what did not change keeps its identity and its measured size. */
export function noteNodes(before: readonly NoteFlowNode[], document: GraphDocument, selected: readonly string[]): NoteFlowNode[] {
  const old = new Map(before.map((node) => [node.id, node]));
  return (document.notes ?? []).map((note) => {
    const id = NOTE_PREFIX + note.id;
    const isSelected = selected.includes(note.id);
    const known = old.get(id);
    if (known?.data.note === note && known.selected === isSelected) return known;
    const [[x, y], [width, height]] = [note.position, note.size];
    return { ...known, id, type: "note", position: { x, y }, width, height, selected: isSelected, zIndex: -1, data: { note } };
  });
}

/** Frames around what is shown, the outermost first, and boxes in the place of folded groups. */
export function frameNodes(
  document: GraphDocument,
  { shown, boxOf }: Folding,
  places: ReadonlyMap<string, Rectangle>,
  selected: readonly string[],
  problems: ReadonlyMap<string, readonly Problem[]>,
): FrameFlowNode[] {
  return shown.map((group): FrameFlowNode => {
    const common = { id: GROUP_PREFIX + group.id, selected: selected.includes(group.id), data: { group, problems: [] } };
    if (group.collapsed) {
      const [x, y] = boxPlace(document, group);
      const hidden = { group, problems: group.nodes.flatMap((id) => problems.get(id) ?? []) };
      return { ...common, data: hidden, type: "box", position: { x, y }, width: BOX.width, height: BOX.height };
    }
    const inside = group.nodes.flatMap((id) => places.get(boxOf.has(id) ? GROUP_PREFIX + boxOf.get(id) : id) ?? []);
    if (inside.length === 0) return { ...common, type: "frame", position: { x: 0, y: 0 }, hidden: true };
    const { x, y, width, height } = frameAround(inside, depthWithin(group, document.groups ?? []));
    const depth = document.nodes.length - group.nodes.length;
    return { ...common, type: "frame", position: { x, y }, width, height, zIndex: FRAME_DEPTH + Math.min(depth, 900), dragHandle: ".kb-frame-head" };
  });
}
