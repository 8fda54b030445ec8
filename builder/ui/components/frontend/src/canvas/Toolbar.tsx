/** The buttons above the canvas and the strip of facts and problems below it. */

import { memo } from "react";
import type { InferAnswer, Problem } from "../wire";
import { Icon, type IconName } from "./icons";
import { ProblemNote } from "./Inspector";
import { byteWords, countWords, shapeWords } from "./words";

export interface ToolbarAction {
  readonly icon: IconName;
  readonly label: string;
  readonly keys?: string;
  readonly disabled?: boolean;
  readonly run: () => void;
}

export function Toolbar({ groups, children }: { groups: readonly (readonly ToolbarAction[])[]; children: React.ReactNode }) {
  return (
    <div className="kb-toolbar" role="toolbar" aria-label="Editing">
      {groups.map((group, index) => (
        <div className="kb-group" key={index}>
          {group.map(({ icon, label, keys, disabled, run }) => (
            <button
              key={label}
              type="button"
              className="kb-tool"
              aria-label={label}
              title={keys ? `${label} (${keys})` : label}
              aria-disabled={disabled}
              onClick={disabled ? undefined : run}
            >
              <Icon name={icon} />
            </button>
          ))}
        </div>
      ))}
      <div className="kb-space" />
      {children}
    </div>
  );
}

export function ModelFacts({ answer, isSlow }: { answer: InferAnswer | null; isSlow: boolean }) {
  const { parameters, size_bytes, output_shape } = answer?.summary ?? {};
  return (
    <div className="kb-model-facts" aria-live="polite">
      {isSlow && <span className="kb-checking">checking…</span>}
      {parameters != null && (
        <span title="Weights and other values that the model holds">
          <b>{countWords(parameters)}</b> parameters
        </span>
      )}
      {size_bytes != null && <span className="kb-wide">{byteWords(size_bytes)}</span>}
      {output_shape && (
        <span title="Shape of the model's output, for one sample">
          output <b>{shapeWords(output_shape)}</b>
        </span>
      )}
    </div>
  );
}

interface ProblemsProps {
  readonly problems: readonly Problem[];
  readonly isOpen: boolean;
  readonly isKnown: boolean;
  readonly onToggle: () => void;
  readonly onJump: (problem: Problem) => void;
  readonly onRepair: ((problem: Problem) => void) | null;
}

export const Problems = memo(function Problems({ problems, isOpen, isKnown, onToggle, onJump, onRepair }: ProblemsProps) {
  const errors = problems.filter((problem) => problem.severity === "error").length;
  const warnings = problems.length - errors;
  const counted = [plural(errors, "error"), plural(warnings, "warning")].filter(Boolean).join(", ");
  if (problems.length === 0)
    return (
      <div className="kb-problems kb-problems-none" role="status">
        {isKnown && <Icon name="check" />}
        {isKnown ? "No problems: this model can be built." : "Not checked yet"}
      </div>
    );
  return (
    <section className="kb-problems" aria-label="Problems">
      <button type="button" className="kb-problems-head" aria-expanded={isOpen} onClick={onToggle}>
        <Icon name="chevron" />
        <Icon name={errors ? "error" : "warning"} />
        {counted}
      </button>
      {isOpen && (
        <ul>
          {problems.map((problem, index) => (
            <li key={index}>
              {problem.block !== null && (
                <button type="button" className="kb-jump" onClick={() => onJump(problem)} aria-label={`Show ${problem.block}`}>
                  {problem.block}
                </button>
              )}
              <div className="kb-problem-text" onClick={() => onJump(problem)}>
                <ProblemNote problem={problem} onRepair={onRepair} />
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
});

function plural(count: number, word: string): string {
  return count === 0 ? "" : `${count} ${word}${count === 1 ? "" : "s"}`;
}
