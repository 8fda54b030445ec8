/** The form of several selected blocks: what they have in common is set for all of them in one step. */

import type { Dispatch } from "react";
import type { GraphNode } from "../wire";
import { COMMANDS, type Command } from "./commands";
import { changingAll, commonParameters, settingAll } from "./common";
import type { Model } from "./connect";
import { Field } from "./fields";
import { Icon } from "./icons";
import { NumberInput } from "./NumberInput";
import type { Action } from "./reducer";

interface Props {
  readonly model: Model;
  readonly nodes: readonly GraphNode[];
  readonly readOnly: boolean;
  readonly dispatch: Dispatch<Action>;
  readonly run: (command: Command) => void;
  readonly onClose: () => void;
}

const ARRANGING = ["alignLeft", "alignCentre", "alignRight", "alignTop", "alignMiddle", "alignBottom", "spreadAcross", "spreadDown"] as const;

export function Several({ model, nodes, readOnly, dispatch, run, onClose }: Props) {
  const common = commonParameters(model.catalogue, nodes);
  const ids = nodes.map((node) => node.id);
  const key = ids.join(",");
  return (
    <aside className="kb-inspector" aria-label={`Settings of ${nodes.length} blocks`}>
      <header>
        <h2>{nodes.length} blocks</h2>
        <button type="button" className="kb-bare" onClick={onClose} aria-label="Close the settings" title="Close the settings">
          <Icon name="close" />
        </button>
      </header>
      <div className="kb-inspector-body">
        {!readOnly && <Arranging count={nodes.length} run={run} />}
        <Learning nodes={nodes} readOnly={readOnly} dispatch={dispatch} />
        {common.length === 0 && <p className="kb-quiet">These blocks have no setting in common.</p>}
        {common.map(({ declaration, value, isMixed }) => (
          <div key={declaration.name} className={isMixed ? "kb-mixed" : undefined}>
            {isMixed && <span className="kb-mixed-sign">mixed</span>}
            <Field
              key={`${key}.${declaration.name}`}
              declaration={declaration}
              value={isMixed ? declaration.default : value}
              owner={`${nodes.length} blocks`}
              told={undefined}
              disabled={readOnly}
              onSettle={() => dispatch({ type: "settle" })}
              onChange={(next, isTyping) =>
                dispatch({
                  type: "edit",
                  edits: settingAll(nodes, declaration.name, next),
                  ...(isTyping ? { typing: `${key}.${declaration.name}` } : {}),
                })
              }
            />
          </div>
        ))}
      </div>
    </aside>
  );
}

/** Buttons that line the blocks up; a gap to make even needs three of them. */
function Arranging({ count, run }: { count: number; run: (command: Command) => void }) {
  return (
    <div className="kb-arranging" role="group" aria-label="Line up">
      {ARRANGING.map((command) => {
        const { label, icon } = COMMANDS[command];
        return (
          <button
            key={command}
            type="button"
            className="kb-tool"
            aria-label={label}
            title={label}
            disabled={command.startsWith("spread") && count < 3}
            onClick={() => run(command)}
          >
            {icon && <Icon name={icon} />}
          </button>
        );
      })}
    </div>
  );
}

/** Whether the blocks' weights learn, and how fast against the others. */
export function Learning({ nodes, readOnly, dispatch }: Pick<Props, "nodes" | "readOnly" | "dispatch">) {
  const frozen = nodes.filter((node) => node.frozen).length;
  const factors = new Set(nodes.map((node) => node.learning_rate_factor ?? 1));
  const factor = factors.size === 1 ? [...factors][0] : undefined;
  const typing = `${nodes.map((node) => node.id).join(",")}.learning_rate_factor`;
  return (
    <div className="kb-learning">
      <label className="kb-check">
        <input
          type="checkbox"
          disabled={readOnly}
          checked={frozen === nodes.length}
          ref={(box) => {
            if (box) box.indeterminate = frozen > 0 && frozen < nodes.length;
          }}
          onChange={(event) => dispatch({ type: "edit", edits: changingAll(nodes, { frozen: event.target.checked }) })}
        />
        <Icon name="snow" />
        Keep the weights as they are (frozen)
      </label>
      <label className="kb-dialog-field">
        Learning rate ×
        <NumberInput
          key={typing}
          minimum={0}
          maximum={1000}
          step={0.1}
          disabled={readOnly || frozen === nodes.length}
          value={factor}
          placeholder={factor === undefined ? "mixed" : ""}
          onSettle={() => dispatch({ type: "settle" })}
          onChange={(value) => dispatch({ type: "edit", edits: changingAll(nodes, { learning_rate_factor: value }), typing })}
        />
      </label>
    </div>
  );
}
