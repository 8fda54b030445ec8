/** The two windows over the canvas: making a block of one's own, and the keyboard shortcuts. */

import { useEffect, useRef, useState, type ReactNode } from "react";
import { ALL, COMMANDS, keyWords, type Section } from "./commands";
import type { Model } from "./connect";
import { Icon } from "./icons";
import { NumberInput } from "./NumberInput";
import { exposable, nameFrom, type Making } from "./own/make";
import { MOST_REPEATS } from "./own/ports";

function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const field = ref.current?.querySelector<HTMLInputElement>("input");
    field?.select();
    (field ?? ref.current?.querySelector<HTMLElement>("button"))?.focus();
  }, []);
  return (
    <div className="kb-veil" onPointerDown={(event) => event.target === event.currentTarget && onClose()}>
      <div
        ref={ref}
        className="kb-dialog"
        role="dialog"
        aria-modal="true"
        aria-label={title}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Escape") onClose();
          if (event.key === "Tab" && ref.current && isAtEnd(ref.current, event.shiftKey)) event.preventDefault();
        }}
      >
        <header>
          <h2>{title}</h2>
          <button type="button" className="kb-bare" onClick={onClose} aria-label="Close">
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </div>
  );
}

/** Keep the focus in the window: past its last part comes its first, and the other way round. */
function isAtEnd(dialog: HTMLElement, isBackwards: boolean): boolean {
  const parts = [...dialog.querySelectorAll<HTMLElement>("input, button:not(:disabled)")];
  const [end, start] = isBackwards ? [parts[0], parts.at(-1)] : [parts.at(-1), parts[0]];
  if ((dialog.getRootNode() as Document | ShadowRoot).activeElement !== end) return false;
  start?.focus();
  return true;
}

interface MakeProps {
  readonly model: Model;
  readonly ids: readonly string[];
  readonly onMake: (making: Making) => void;
  readonly onClose: () => void;
}

export function MakeBlock({ model, ids, onMake, onClose }: MakeProps) {
  const candidates = exposable(model, ids);
  const [label, setLabel] = useState("My block");
  const [repeat, setRepeat] = useState(1);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set(candidates.filter(({ isSet }) => isSet).map(({ name }) => name)));
  const [isAllShown, setAllShown] = useState(false);
  const shown = isAllShown ? candidates : candidates.filter(({ isSet, name }) => isSet || chosen.has(name));
  const toggle = (name: string) => setChosen(chosen.has(name) ? new Set([...chosen].filter((other) => other !== name)) : new Set([...chosen, name]));
  const make = () => {
    const exposed = candidates.filter(({ name }) => chosen.has(name)).map(({ name, node, parameter }) => ({ name, node, parameter }));
    onMake({ name: nameFrom(label), label: label.trim(), exposed, repeat });
  };
  return (
    <Dialog title="Make a block of these" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (label.trim()) make();
        }}
      >
        <label className="kb-dialog-field">
          Name
          <input type="text" value={label} maxLength={60} onChange={(event) => setLabel(event.target.value)} />
        </label>
        <label className="kb-dialog-field">
          Repeat
          <NumberInput minimum={1} maximum={MOST_REPEATS} step={1} value={repeat} onChange={setRepeat} />
        </label>
        <fieldset>
          <legend>Settings to show on the block</legend>
          {shown.length === 0 && <p className="kb-quiet">None was changed from its default.</p>}
          {shown.map(({ name, node, label: said }) => (
            <label key={name} className="kb-check">
              <input type="checkbox" checked={chosen.has(name)} onChange={() => toggle(name)} />
              {said} <span className="kb-code">{node}</span>
            </label>
          ))}
          {candidates.length > shown.length && (
            <button type="button" className="kb-link" onClick={() => setAllShown(true)}>
              Show all {candidates.length} settings
            </button>
          )}
        </fieldset>
        <footer>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="kb-primary" disabled={!label.trim()}>
            Make the block
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

const SECTIONS: readonly Section[] = ["Edit", "Blocks", "Arrange", "View", "Move about"];

export function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <div className="kb-shortcuts">
        {SECTIONS.map((section) => (
          <section key={section}>
            <h3>{section}</h3>
            <dl>
              {ALL.filter((command) => COMMANDS[command].section === section && COMMANDS[command].keys).map((command) => (
                <div key={command}>
                  <dt>{COMMANDS[command].label}</dt>
                  <dd>
                    {(COMMANDS[command].keys ?? []).map((keys) => (
                      <kbd key={keys}>{keyWords(keys).join(" + ")}</kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
