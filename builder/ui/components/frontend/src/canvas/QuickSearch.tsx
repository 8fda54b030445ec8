/** A small search where the person pointed: choose a block, it appears there. */

import { useMemo, useState } from "react";
import type { BlockDeclaration } from "../wire";
import { CategorySign } from "./categories";
import { found } from "./search";

interface Props {
  readonly label: string;
  readonly blocks: readonly BlockDeclaration[];
  readonly left: number;
  readonly top: number;
  readonly onChoose: (block: BlockDeclaration) => void;
  /** `isLeft`: the focus is on its way to something else. */
  readonly onClose: (isLeft?: boolean) => void;
}

export function QuickSearch({ label, blocks, left, top, onChoose, onClose }: Props) {
  const [text, setText] = useState("");
  const [index, setIndex] = useState(0);
  const shown = useMemo(() => found(blocks, text).slice(0, 40), [blocks, text]);
  const at = Math.min(index, shown.length - 1);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setIndex((at + step + shown.length) % Math.max(shown.length, 1));
    } else if (event.key === "Enter" && shown[at]) onChoose(shown[at]);
    else if (event.key === "Escape") onClose();
  };
  return (
    <div className="kb-quick" style={{ left, top }} role="dialog" aria-label={label} onKeyDown={onKeyDown}>
      <input
        autoFocus
        data-draft
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="kb-quick-list"
        aria-activedescendant={shown[at] && `kb-quick-${shown[at].kind}`}
        aria-label={label}
        placeholder={`${label}…`}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setIndex(0);
        }}
        onBlur={(event) => onClose(event.relatedTarget !== null)}
      />
      <ul role="listbox" id="kb-quick-list" aria-label="Blocks that fit">
        {shown.map((block, position) => (
          <li
            key={block.kind}
            id={`kb-quick-${block.kind}`}
            role="option"
            aria-selected={position === at}
            ref={(element) => {
              if (position === at) element?.scrollIntoView({ block: "nearest" });
            }}
            onPointerDown={(event) => {
              event.preventDefault();
              onChoose(block);
            }}
          >
            <CategorySign category={block.category} />
            {block.label}
            <span className="kb-quiet">{block.category}</span>
          </li>
        ))}
        {shown.length === 0 && <li className="kb-quiet">No block matches.</li>}
      </ul>
    </div>
  );
}
