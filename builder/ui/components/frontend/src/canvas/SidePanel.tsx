/** The column beside the canvas: the selected block, the model in figures, what flows through it. */

import { useState, type ReactNode } from "react";
import { AnalyzePanel } from "./analyze/AnalyzePanel";
import type { PanelProps } from "./panel";
import { PreviewPanel } from "./preview/PreviewPanel";

const TABS = [
  { name: "Block", Panel: null },
  { name: "Analyze", Panel: AnalyzePanel },
  { name: "Preview", Panel: PreviewPanel },
] as const;

type TabName = (typeof TABS)[number]["name"];

interface Props extends PanelProps {
  /** The first tab's content: the form of what is selected. */
  readonly children: ReactNode;
}

export function SidePanel({ children, ...panel }: Props) {
  const [shown, setShown] = useState<TabName>("Block");
  const Panel = TABS.find(({ name }) => name === shown)?.Panel ?? null;
  const step = (event: React.KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const at = TABS.findIndex(({ name }) => name === shown);
    const next = TABS[(at + by + TABS.length) % TABS.length] as (typeof TABS)[number];
    setShown(next.name);
    event.currentTarget.querySelector<HTMLElement>(`[data-tab="${next.name}"]`)?.focus();
  };
  return (
    <div className={`kb-side${shown === "Block" && panel.selection.length === 0 ? " kb-side-idle" : ""}`}>
      <div className="kb-tabs" role="tablist" aria-label="About the model" onKeyDown={step}>
        {TABS.map(({ name }) => (
          <button
            key={name}
            type="button"
            role="tab"
            data-tab={name}
            aria-selected={name === shown}
            tabIndex={name === shown ? 0 : -1}
            onClick={() => setShown(name)}
          >
            {name}
          </button>
        ))}
      </div>
      {Panel ? (
        <div className="kb-panel-body" role="tabpanel" aria-label={shown}>
          <Panel {...panel} />
        </div>
      ) : (
        children
      )}
    </div>
  );
}
