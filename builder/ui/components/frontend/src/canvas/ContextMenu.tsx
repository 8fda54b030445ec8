/** The menu of what is selected, at the pointer or below the block. */

import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { COMMANDS, keyOf, keyWords, type Command } from "./commands";
import { Icon } from "./icons";

interface Props {
  readonly left: number;
  readonly top: number;
  readonly commands: readonly Command[];
  readonly onChoose: (command: Command) => void;
  readonly onClose: () => void;
  /** Called before `onClose` where the keyboard closes the menu. */
  readonly onLeave: () => void;
}

const EDGE = 8;

export function ContextMenu({ left, top, commands, onChoose, onClose, onLeave }: Props) {
  const ref = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ left, top });
  useLayoutEffect(() => {
    const [menu, room] = [ref.current, ref.current?.offsetParent];
    if (!menu || !room) return;
    setPlace({
      left: Math.max(EDGE, Math.min(left, room.clientWidth - menu.offsetWidth - EDGE)),
      top: Math.max(EDGE, Math.min(top, room.clientHeight - menu.offsetHeight - EDGE)),
    });
  }, [left, top, commands.length]);
  useEffect(() => {
    ref.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
  }, [commands.join()]);
  const step = (by: number) => {
    const items = [...(ref.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const root = ref.current?.getRootNode() as Document | ShadowRoot;
    const at = items.indexOf(root.activeElement as HTMLElement);
    items[(at + by + items.length) % items.length]?.focus();
  };
  return (
    <div
      ref={ref}
      className="kb-menu"
      role="menu"
      aria-label="What can be done with the selection"
      style={place}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape" || event.key === "Tab") {
          onLeave();
          onClose();
        } else if (event.key === "ArrowDown") step(1);
        else if (event.key === "ArrowUp") step(-1);
        else return;
        event.preventDefault();
      }}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) onClose();
      }}
    >
      {commands.map((command, index) => {
        const { label, icon, section } = COMMANDS[command];
        const before = commands[index - 1];
        const keys = keyOf(command);
        return (
          <button
            key={command}
            type="button"
            role="menuitem"
            className={before && COMMANDS[before].section !== section ? "kb-menu-apart" : undefined}
            onClick={() => onChoose(command)}
          >
            {icon ? <Icon name={icon} /> : <span className="kb-icon" />}
            <span>{label}</span>
            {keys && <kbd>{keyWords(keys).join("+")}</kbd>}
          </button>
        );
      })}
    </div>
  );
}
