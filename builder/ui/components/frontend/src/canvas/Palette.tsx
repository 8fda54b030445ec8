/** The blocks to choose from. Drag one onto the canvas; Enter, a tap or a double click adds it. */

import { memo, useMemo, useRef, useState, type PointerEvent, type RefObject } from "react";
import type { BlockDeclaration } from "../wire";
import { CategorySign } from "./categories";
import { Icon } from "./icons";
import { leaveForCanvas } from "./keys";
import { byCategory, found } from "./search";

export interface PaletteDrag {
  readonly block: BlockDeclaration;
  readonly x: number;
  readonly y: number;
}

interface Props {
  readonly blocks: readonly BlockDeclaration[];
  readonly searchRef: RefObject<HTMLInputElement | null>;
  readonly onAdd: (block: BlockDeclaration) => void;
  readonly onDrag: (drag: PaletteDrag | null) => void;
  readonly onDrop: (drag: PaletteDrag) => void;
  readonly onClose: () => void;
}

export const Palette = memo(function Palette({ blocks, searchRef, onAdd, onDrag, onDrop, onClose }: Props) {
  const [text, setText] = useState("");
  const shown = useMemo(() => found(blocks, text), [blocks, text]);
  const groups: [string, BlockDeclaration[]][] = text.trim() ? [["Found", shown]] : byCategory(shown);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const fold = (category: string) =>
    setFolded((before) => (before.has(category) ? new Set([...before].filter((name) => name !== category)) : new Set([...before, category])));
  return (
    <aside className="kb-palette" aria-label="Blocks">
      <div className="kb-search">
        <Icon name="search" />
        <input
          ref={searchRef}
          data-draft
          type="search"
          value={text}
          placeholder="Search blocks"
          aria-label="Search blocks"
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && text.trim() && shown[0]) {
              onAdd(shown[0]);
              setText("");
            }
            if (event.key === "Escape") text ? setText("") : leaveForCanvas(event.currentTarget);
          }}
        />
        {!text && <kbd>/</kbd>}
        <button type="button" className="kb-bare" onClick={onClose} aria-label="Hide the blocks" title="Hide the blocks">
          <Icon name="panel" />
        </button>
      </div>
      <div className="kb-palette-list">
        {shown.length === 0 && <p className="kb-quiet">No block matches “{text}”. Try a shorter word, such as “conv” or “dense”.</p>}
        {groups.map(([category, members]) => (
          <section key={category} aria-label={category}>
            <button type="button" className="kb-category" aria-expanded={!folded.has(category)} onClick={() => fold(category)}>
              <Icon name="chevron" />
              {category}
              <span className="kb-category-count">{members.length}</span>
            </button>
            {!folded.has(category) &&
              members.map((block) => <Item key={block.kind} block={block} onAdd={onAdd} onDrag={onDrag} onDrop={onDrop} />)}
          </section>
        ))}
      </div>
    </aside>
  );
});

const DRAG_THRESHOLD = 4;

function Item({ block, onAdd, onDrag, onDrop }: Pick<Props, "onAdd" | "onDrag" | "onDrop"> & { block: BlockDeclaration }) {
  const start = useRef<{ x: number; y: number; isDragging: boolean } | null>(null);
  const pointer = useRef("mouse");
  const move = (event: PointerEvent) => {
    const from = start.current;
    if (!from) return;
    from.isDragging ||= Math.hypot(event.clientX - from.x, event.clientY - from.y) > DRAG_THRESHOLD;
    if (from.isDragging) onDrag({ block, x: event.clientX, y: event.clientY });
  };
  const end = (event: PointerEvent, isDropped: boolean) => {
    const from = start.current;
    start.current = null;
    if (!from?.isDragging) {
      if (from && isDropped && event.pointerType === "touch") onAdd(block);
      return;
    }
    onDrag(null);
    if (isDropped) onDrop({ block, x: event.clientX, y: event.clientY });
  };
  return (
    <button
      type="button"
      className="kb-item"
      title={block.summary}
      data-kind={block.kind}
      aria-label={`Add ${block.label}. ${block.summary}`}
      // Two taps have added two blocks already.
      onDoubleClick={() => pointer.current !== "touch" && onAdd(block)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        onAdd(block);
      }}
      onPointerDown={(event) => {
        pointer.current = event.pointerType;
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, y: event.clientY, isDragging: false };
      }}
      onPointerMove={move}
      onPointerUp={(event) => end(event, true)}
      onPointerCancel={(event) => end(event, false)}
    >
      <CategorySign category={block.category} />
      <span>{block.label}</span>
    </button>
  );
}
