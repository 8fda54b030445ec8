/** The form of the selected block, or the model at a glance where none is selected. */

import { useEffect, useState, type Dispatch } from "react";
import type { BlockDeclaration, Edit, GraphEdge, GraphNode, InferAnswer, InputPort, ModelSummary, Problem } from "../wire";
import { BlockHelp } from "./BlockHelp";
import { CategorySign } from "./categories";
import { connecting, fittingSources, type Model } from "./connect";
import { nameFault } from "./document";
import { Field } from "./fields";
import { Icon } from "./icons";
import { leaveForCanvas } from "./keys";
import { accepts, valueOf } from "./parameters";
import { outputsOf } from "./ports";
import type { Action } from "./reducer";
import { Learning } from "./Several";
import { byteWords, countWords, shapeWords } from "./words";

interface Props {
  readonly model: Model;
  readonly node: GraphNode;
  readonly answer: InferAnswer | null;
  readonly readOnly: boolean;
  readonly dispatch: Dispatch<Action>;
  readonly onRepair: (problem: Problem) => void;
  readonly onClose: () => void;
  /** For an own block, whether the library holds it as it is; null where it cannot be kept. */
  readonly library: { readonly isKept: boolean; readonly toggle: (isKept: boolean) => void } | null;
}

export function Inspector({ model, node, answer, readOnly, dispatch, onRepair, onClose, library }: Props) {
  const block = model.catalogue.get(node.kind);
  const facts = answer?.nodes[node.id];
  const problems = (answer?.problems ?? []).filter((problem) => problem.block === node.id);
  const declared = new Set(block?.parameters.map((declaration) => declaration.name));
  const isToldByField = ({ code, field, repair }: Problem) => field !== null && declared.has(field) && (code === "bad_parameter" || !repair);
  const general = problems.filter((problem) => !isToldByField(problem));
  return (
    <aside className="kb-inspector" aria-label={`Settings of ${node.id}`}>
      <header>
        <CategorySign category={block?.category ?? ""} />
        <h2>{block?.label ?? node.kind}</h2>
        <button type="button" className="kb-bare" onClick={onClose} aria-label="Close the settings" title="Close the settings">
          <Icon name="close" />
        </button>
      </header>
      <div className="kb-inspector-body">
        {general.map((problem, index) => (
          <ProblemNote key={index} problem={problem} onRepair={readOnly ? null : onRepair} />
        ))}
        <NameField key={node.id} model={model} node={node} readOnly={readOnly} dispatch={dispatch} />
        {block?.inputs.map((port) => (
          <PortField key={port.name} model={model} node={node} port={port} many={block.inputs.length > 1} readOnly={readOnly} dispatch={dispatch} />
        ))}
        {block && <ParameterFields block={block} node={node} problems={problems} readOnly={readOnly} dispatch={dispatch} />}
        {(facts?.parameters ?? 0) > 0 && <Learning nodes={[node]} readOnly={readOnly} dispatch={dispatch} />}
        {library && (
          <button type="button" className="kb-repair" onClick={() => library.toggle(library.isKept)}>
            <Icon name="star" />
            {library.isKept ? "Remove from the library" : "Save to the library"}
          </button>
        )}
        {facts && (
          <dl className="kb-facts">
            <dt>Output</dt>
            <dd>{shapeWords(facts.shape) || "not known yet"}</dd>
            {facts.flow && <dt>Kind</dt>}
            {facts.flow && <dd>{facts.flow}</dd>}
            <dt>Parameters</dt>
            <dd>{countWords(facts.parameters ?? 0)}</dd>
          </dl>
        )}
        {block && <About block={block} />}
      </div>
    </aside>
  );
}

export function ProblemNote({ problem, onRepair }: { problem: Problem; onRepair: ((problem: Problem) => void) | null }) {
  return (
    <div className={`kb-note kb-note-${problem.severity}`}>
      <Icon name={problem.severity} />
      <div>
        {problem.message}
        {problem.repair && onRepair && (
          <button
            type="button"
            className="kb-repair"
            onClick={(event) => {
              // In the list a click shows the block, and unfolds its group for that: a second step to undo.
              event.stopPropagation();
              onRepair(problem);
            }}
          >
            <Icon name="wrench" />
            {problem.repair.label}
          </button>
        )}
      </div>
    </div>
  );
}

type EditProps = Pick<Props, "node" | "readOnly" | "dispatch">;

function ParameterFields({ block, node, problems, readOnly, dispatch }: EditProps & { block: BlockDeclaration; problems: readonly Problem[] }) {
  const field = (declaration: BlockDeclaration["parameters"][number]) => {
    const { name } = declaration;
    return (
      <Field
        key={`${node.id}.${name}`}
        declaration={declaration}
        value={valueOf(node.parameters, declaration)}
        owner={block.label}
        told={problems.find((problem) => problem.field === name && problem.code !== "bad_parameter" && !problem.repair)?.message}
        disabled={readOnly}
        onSettle={() => dispatch({ type: "settle" })}
        onChange={(value, isTyping) =>
          dispatch({
            type: "edit",
            edits: [{ op: "set_parameter", id: node.id, name, value }],
            ...(isTyping ? { typing: `${node.id}.${name}` } : {}),
          })
        }
      />
    );
  };
  const plain = block.parameters.filter((declaration) => !declaration.advanced);
  const advanced = block.parameters.filter((declaration) => declaration.advanced);
  const isBad = advanced.some((declaration) => !accepts(declaration, valueOf(node.parameters, declaration)));
  const [isUnfolded, setUnfolded] = useState(isBad);
  // A bad value opens the fold; mending it must not close the fold over the field being typed in.
  useEffect(() => {
    if (isBad) setUnfolded(true);
  }, [isBad]);
  return (
    <>
      {plain.map(field)}
      {advanced.length > 0 && (
        <details className="kb-fold" open={isUnfolded} onToggle={(event) => setUnfolded(event.currentTarget.open)}>
          <summary>
            <Icon name="chevron" />
            Advanced
          </summary>
          {advanced.map(field)}
        </details>
      )}
    </>
  );
}

function NameField({ model, node, readOnly, dispatch }: EditProps & { model: Model }) {
  const [name, setName] = useState(node.id);
  useEffect(() => setName(node.id), [node.id]);
  const complaint = nameFault(model.document, node.id, name);
  const settle = () => {
    if (name !== node.id && complaint === null) dispatch({ type: "rename", id: node.id, name });
  };
  return (
    <div className={`kb-field${complaint ? " kb-field-bad" : ""}`}>
      <div className="kb-field-head">
        <label htmlFor="kb-name">Name</label>
      </div>
      <input
        id="kb-name"
        data-draft
        type="text"
        className="kb-code"
        autoComplete="off"
        spellCheck={false}
        disabled={readOnly}
        value={name}
        aria-invalid={complaint !== null}
        onChange={(event) => setName(event.target.value)}
        onBlur={settle}
        onKeyDown={(event) => {
          // The name is settled when the field is left.
          if (event.key === "Enter" && complaint === null) leaveForCanvas(event.currentTarget);
          if (event.key === "Escape") setName(node.id);
        }}
      />
      {complaint && (
        <p className="kb-complaint" role="alert">
          {complaint}
        </p>
      )}
    </div>
  );
}

const endOf = ({ source, source_port }: GraphEdge) => `${source}:${source_port}`;

function portOf(end: string): [block: string, port: string] {
  const [block = "", port = ""] = end.split(":");
  return [block, port];
}

function PortField({ model, node, port, many, readOnly, dispatch }: EditProps & { model: Model; port: InputPort; many: boolean }) {
  const label = many ? `${port.name[0]?.toUpperCase()}${port.name.slice(1)} from` : "Input from";
  const arriving = model.document.edges.filter((edge) => edge.target === node.id && edge.target_port === port.name);
  const fitting = [...fittingSources(model, node.id, port.name)];
  const nodes = new Map(model.document.nodes.map((one) => [one.id, one]));
  const connect = (end: string): Edit[] => {
    const [source, sourcePort] = portOf(end);
    return connecting(model, { source, sourcePort, target: node.id, targetPort: port.name });
  };
  // Which of its outputs is only worth saying of a block that has several.
  const words = (end: string) => {
    const [source, sourcePort] = portOf(end);
    const from = nodes.get(source);
    return outputsOf(from && model.catalogue.get(from.kind), from?.parameters ?? {}).length > 1 ? `${source}: ${sourcePort}` : source;
  };
  const edit = (edits: Edit[]) => dispatch({ type: "edit", edits });
  const only = port.variadic ? undefined : arriving[0];
  const current = only && endOf(only);
  return (
    <div className="kb-field">
      <div className="kb-field-head">
        <label htmlFor={`kb-port-${port.name}`}>{label}</label>
      </div>
      {port.variadic && (
        <ol className="kb-sources">
          {arriving.map((edge) => (
            <li key={endOf(edge)}>
              <span className="kb-code">{words(endOf(edge))}</span>
              <button
                type="button"
                className="kb-bare"
                disabled={readOnly}
                aria-label={`Disconnect ${words(endOf(edge))}`}
                onClick={() => edit([{ op: "remove_edge", edge }])}
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ol>
      )}
      <select
        id={`kb-port-${port.name}`}
        disabled={readOnly}
        value={current ?? ""}
        onChange={({ target: { value } }) => {
          if (value) edit(connect(value));
          else if (only) edit([{ op: "remove_edge", edge: only }]);
        }}
      >
        <option value="">{port.variadic ? "Connect another block…" : "Not connected"}</option>
        {current !== undefined && <option value={current}>{words(current)}</option>}
        {fitting.map((end) => (
          <option key={end} value={end}>
            {words(end)}
          </option>
        ))}
      </select>
    </div>
  );
}

function About({ block }: { block: BlockDeclaration }) {
  return (
    <details className="kb-fold">
      <summary>
        <Icon name="chevron" />
        About this block
      </summary>
      <BlockHelp block={block} />
    </details>
  );
}

interface OverviewProps {
  readonly title: string;
  readonly answer: InferAnswer | null;
  readonly count: number;
  readonly readOnly: boolean;
}

export function Overview({ title, answer, count, readOnly }: OverviewProps) {
  const summary: ModelSummary = answer?.summary ?? {};
  return (
    <aside className="kb-inspector" aria-label={title}>
      <header>
        <h2>{title}</h2>
      </header>
      <div className="kb-inspector-body">
        <dl className="kb-facts">
          <dt>Blocks</dt>
          <dd>{count}</dd>
          {summary.layers != null && <dt>Keras layers</dt>}
          {summary.layers != null && <dd>{countWords(summary.layers)}</dd>}
          {summary.parameters != null && <dt>Parameters</dt>}
          {summary.parameters != null && <dd>{countWords(summary.parameters)}</dd>}
          {summary.trainable != null && <dt>Trainable</dt>}
          {summary.trainable != null && <dd>{countWords(summary.trainable)}</dd>}
          {summary.size_bytes != null && <dt>Weights</dt>}
          {summary.size_bytes != null && <dd>{byteWords(summary.size_bytes)}</dd>}
          {summary.output_shape && <dt>Output</dt>}
          {summary.output_shape && <dd>{shapeWords(summary.output_shape)}</dd>}
        </dl>
        <p className="kb-quiet">Select a block to see {readOnly ? "" : "and change "}its settings.</p>
        {!readOnly && (
          <ul className="kb-keys">
            <li>
              <kbd>/</kbd> search the blocks
            </li>
            <li>
              <kbd>double click</kbd> add a block there
            </li>
            <li>
              <kbd>Shift</kbd> + drag selects several
            </li>
            <li>
              <kbd>Ctrl</kbd> <kbd>Z</kbd> undo, <kbd>Ctrl</kbd> <kbd>D</kbd> duplicate
            </li>
          </ul>
        )}
      </div>
    </aside>
  );
}
