/** One block on the canvas. */

import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import { createContext, memo, useContext } from "react";
import type { BlockDeclaration, InputPort, Problem } from "../wire";
import { CategorySign, colourOf } from "./categories";
import { Icon } from "./icons";
import { shortCount } from "./words";

export interface BlockView {
  readonly kind: string;
  readonly block: BlockDeclaration | undefined;
  readonly short: string;
  readonly parameters: number | null;
  readonly problems: readonly Problem[];
  readonly [key: string]: unknown;
}

export type BlockFlowNode = Node<BlockView, "block">;

/** The wire being drawn: which end is loose, and the ports ("id:port") that it fits. */
export interface Drawing {
  readonly loose: "source" | "target";
  readonly fits: ReadonlySet<string>;
}

export const DrawingContext = createContext<Drawing | null>(null);
export const RepairContext = createContext<((problem: Problem) => void) | null>(null);

const UNKNOWN_INPUT: InputPort = { name: "input", accepts: [], variadic: false };

function portClass(drawing: Drawing | null, end: "source" | "target", key: string): string {
  if (drawing === null) return "kb-port";
  return drawing.loose === end && drawing.fits.has(key) ? "kb-port kb-port-fits" : "kb-port kb-port-dim";
}

export const BlockNode = memo(function BlockNode({ id, data, selected, isConnectable }: NodeProps<BlockFlowNode>) {
  const drawing = useContext(DrawingContext);
  const { block, problems } = data;
  // A block of a kind that this version lacks keeps its connections in sight.
  const inputs = block?.inputs ?? [UNKNOWN_INPUT];
  const outputs = block?.outputs ?? [{ name: "output" }];
  const worst = problems.some((problem) => problem.severity === "error") ? "error" : problems.length > 0 ? "warning" : null;
  const colour = { "--kb-category": colourOf(block?.category ?? "") } as React.CSSProperties;
  return (
    <div className={`kb-node${selected ? " kb-selected" : ""}${worst ? ` kb-node-${worst}` : ""}`} style={colour}>
      {inputs.map((port, index) => (
        <Handle
          key={port.name}
          id={port.name}
          type="target"
          position={Position.Top}
          isConnectable={isConnectable}
          className={`${portClass(drawing, "target", `${id}:${port.name}`)}${port.variadic ? " kb-port-wide" : ""}`}
          style={{ left: `${((index + 1) / (inputs.length + 1)) * 100}%` }}
          aria-label={`${port.name} of ${id}`}
          data-port={`${id}:${port.name}`}
        >
          {inputs.length > 1 && <span className="kb-port-name">{port.name}</span>}
        </Handle>
      ))}
      <div className="kb-node-head">
        <CategorySign category={block?.category ?? ""} />
        <span className="kb-node-label">{block?.label ?? data.kind}</span>
        {worst && <NodeMark problems={problems} severity={worst} />}
      </div>
      {data.short && <div className="kb-node-short">{data.short}</div>}
      <div className="kb-node-foot">
        <span className="kb-node-id">{id}</span>
        {data.parameters ? <span className="kb-node-count">{shortCount(data.parameters)} params</span> : null}
      </div>
      {outputs.map((port) => (
        <Handle
          key={port.name}
          id={port.name}
          type="source"
          position={Position.Bottom}
          isConnectable={isConnectable}
          className={portClass(drawing, "source", `${id}:${port.name}`)}
          aria-label={`${port.name} of ${id}`}
          data-port={`${id}:${port.name}`}
        />
      ))}
    </div>
  );
});

function NodeMark({ problems, severity }: { problems: readonly Problem[]; severity: "error" | "warning" }) {
  const repair = useContext(RepairContext);
  return (
    <span className={`kb-mark kb-mark-${severity} nodrag`} role="img" aria-label={problems.map(({ message }) => message).join(" ")}>
      <Icon name={severity} />
      <span className="kb-tooltip nopan nowheel">
        {problems.map((problem, index) => (
          <span className="kb-tooltip-item" key={index}>
            {problem.message}
            {problem.repair && repair && (
              <button type="button" className="kb-repair" onClick={() => repair(problem)}>
                <Icon name="wrench" />
                {problem.repair.label}
              </button>
            )}
          </span>
        ))}
      </span>
    </span>
  );
}
