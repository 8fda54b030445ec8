/** A number in a range, typed freely: what is none on the way stays in the field alone. */

import { useEffect, useState } from "react";

interface Props {
  /** Undefined where several things have different ones. */
  readonly value: number | undefined;
  readonly minimum: number;
  readonly maximum: number;
  readonly step: number;
  readonly disabled?: boolean;
  readonly placeholder?: string;
  readonly onChange: (value: number) => void;
  readonly onSettle?: () => void;
}

export function NumberInput({ value, minimum, maximum, step, disabled = false, placeholder, onChange, onSettle }: Props) {
  const known = value === undefined ? "" : String(value);
  const [text, setText] = useState(known);
  useEffect(() => {
    setText((typed) => (typed !== "" && Number(typed) === value ? typed : known));
  }, [value, known]);
  return (
    <input
      type="number"
      required
      min={minimum}
      max={maximum}
      step={step}
      disabled={disabled}
      placeholder={placeholder}
      value={text}
      onChange={({ target }) => {
        setText(target.value);
        // The step is that of the arrow keys: where it is 0.1, 0.05 can be typed as well.
        const isWhole = step !== 1 || Number.isInteger(target.valueAsNumber);
        if (isWhole && target.valueAsNumber >= minimum && target.valueAsNumber <= maximum) onChange(target.valueAsNumber);
      }}
      onBlur={() => {
        setText(known);
        onSettle?.();
      }}
    />
  );
}
