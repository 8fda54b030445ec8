/** One block on the canvas. */

import { Handle, Position, useUpdateNodeInternals, type Node, type NodeProps } from "@xyflow/react";
import { createContext, memo, useContext, useEffect, useRef } from "react";
import type { BlockDeclaration, InputPort, OutputPort, Problem } from "../wire";
import { CategorySign, colourOf } from "./categories";
import { useDifference } from "./difference";
import { FarContext } from "./far/context";
import { Icon } from "./icons";
import { useMarks } from "./marks";
import { NodeExtra } from "./preview/NodeExtra";
import { shortCount } from "./words";

export interface BlockView {
  readonly kind: string;
  readonly block: BlockDeclaration | undefined;
  readonly short: string;
  readonly parameters: number | null;
  readonly problems: readonly Problem[];
  readonly outputs: readonly OutputPort[];
  readonly isFrozen: boolean;
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

export const BlockNode = memo(function BlockNode(props: NodeProps<BlockFlowNode>) {
  // React Flow has to see a block with its ports once, to know where connections end.
  const isBare = useContext(FarContext) && props.height !== undefined;
  return isBare ? <BareBlock {...props} /> : <FullBlock {...props} />;
});

/** A block from far away: its family's color, its name and its state, at the size that it has. */
function BareBlock({ id, data, selected, height }: NodeProps<BlockFlowNode>) {
  const difference = useDifference(id);
  return (
    <div className={nodeClass(data.problems, selected, difference)} style={{ ...categoryStyle(data.block), height }}>
      <span className="kb-node-label">{data.block?.label ?? data.kind}</span>
    </div>
  );
}

function nodeClass(problems: readonly Problem[], isSelected: boolean, difference: string | undefined): string {
  const worst = worstOf(problems);
  return `kb-node${isSelected ? " kb-selected" : ""}${worst ? ` kb-node-${worst}` : ""}${difference ? ` kb-node-${difference}` : ""}`;
}

export function worstOf(problems: readonly Problem[]): "error" | "warning" | null {
  if (problems.some((problem) => problem.severity === "error")) return "error";
  return problems.length > 0 ? "warning" : null;
}

function categoryStyle(block: BlockDeclaration | undefined): React.CSSProperties {
  return { "--kb-category": colourOf(block?.category ?? "") } as React.CSSProperties;
}

function FullBlock({ id, data, selected, isConnectable }: NodeProps<BlockFlowNode>) {
  const drawing = useContext(DrawingContext);
  const difference = useDifference(id);
  const { block, problems } = data;
  // A block of a kind that this version lacks keeps its connections in sight.
  const inputs = block?.inputs ?? [UNKNOWN_INPUT];
  const { outputs } = data;
  const worst = worstOf(problems);
  usePortsMeasured(id, [...inputs, ...outputs].map((port) => port.name).join());
  return (
    <div className={nodeClass(problems, selected, difference)} style={categoryStyle(block)}>
      {difference && <span className="kb-difference">{difference}</span>}
      {inputs.map((port, index) => (
        <Handle
          key={port.name}
          id={port.name}
          type="target"
          position={Position.Top}
          isConnectable={isConnectable}
          className={`${portClass(drawing, "target", `${id}:${port.name}`)}${port.variadic ? " kb-port-wide" : ""}${port.optional ? " kb-port-optional" : ""}`}
          style={{ left: `${((index + 1) / (inputs.length + 1)) * 100}%` }}
          data-port={`${id}:${port.name}`}
        >
          {inputs.length > 1 && <span className="kb-port-name">{port.name}</span>}
        </Handle>
      ))}
      <div className="kb-node-head">
        <CategorySign category={block?.category ?? ""} />
        <span className="kb-node-label">{block?.label ?? data.kind}</span>
        {data.isFrozen && (
          <span className="kb-frozen" title="Frozen: its weights do not learn">
            <Icon name="snow" />
          </span>
        )}
        {worst && <NodeMark problems={problems} severity={worst} />}
      </div>
      {data.short && <div className="kb-node-short">{data.short}</div>}
      <div className="kb-node-foot">
        <span className="kb-node-id">{id}</span>
        {data.parameters ? <span className="kb-node-count">{shortCount(data.parameters)} params</span> : null}
      </div>
      <Remarks id={id} />
      <NodeExtra id={id} />
      {outputs.map((port, index) => (
        <Handle
          key={port.name}
          id={port.name}
          type="source"
          position={Position.Bottom}
          isConnectable={isConnectable}
          className={portClass(drawing, "source", `${id}:${port.name}`)}
          style={{ left: `${((index + 1) / (outputs.length + 1)) * 100}%` }}
          data-port={`${id}:${port.name}`}
        >
          {outputs.length > 1 && <span className="kb-port-name">{port.name}</span>}
        </Handle>
      ))}
    </div>
  );
}

/** React Flow measures a block's ports once, and draws no connection to a port that came later. */
function usePortsMeasured(id: string, ports: string): void {
  const measure = useUpdateNodeInternals();
  const measured = useRef(ports);
  useEffect(() => {
    if (measured.current !== ports) measure(id);
    measured.current = ports;
  }, [id, ports, measure]);
}

function Remarks({ id }: { id: string }) {
  const marks = useMarks(id);
  if (marks.length === 0) return null;
  return (
    <div className="kb-remarks">
      {marks.map(({ tone, title, detail }, index) => (
        <span key={index} className={`kb-remark kb-remark-${tone}`} title={detail ?? title}>
          {title}
        </span>
      ))}
    </div>
  );
}

export function NodeMark({ problems, severity }: { problems: readonly Problem[]; severity: "error" | "warning" }) {
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
