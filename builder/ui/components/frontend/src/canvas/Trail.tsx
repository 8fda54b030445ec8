/** The way from the model into the own block that is open. */

import type { Dispatch } from "react";
import type { GraphDocument } from "../wire";
import type { Inside } from "./own/inside";
import type { Action } from "./reducer";

interface TrailProps {
  readonly inside: Inside;
  readonly definitions: GraphDocument["definitions"];
  readonly isAnswered: boolean;
  /** The block whose shapes are shown, of those that are made from the definition. */
  readonly use: string | undefined;
  readonly dispatch: Dispatch<Action>;
}

export function Trail({ inside, definitions, isAnswered, use, dispatch }: TrailProps) {
  return (
    <nav className="kb-trail" aria-label="Where you are">
      <button type="button" onClick={() => dispatch({ type: "open", inside: [] })}>
        Model
      </button>
      {inside.map((kind, index) => (
        <button
          key={kind}
          type="button"
          aria-current={index === inside.length - 1}
          onClick={() => dispatch({ type: "open", inside: inside.slice(0, index + 1) })}
        >
          {definitions?.[kind]?.label ?? kind}
        </button>
      ))}
      {isAnswered && (
        <span className="kb-quiet">
          {use === undefined ? "It is used nowhere in the model, so no shapes are known." : `Shapes as in the block '${use}'.`}
        </span>
      )}
    </nav>
  );
}
