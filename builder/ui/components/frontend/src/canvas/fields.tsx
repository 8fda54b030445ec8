/** One form field for a declared parameter. A bad value stays where it was typed, with the reason below it. */

import { useEffect, useId, useState } from "react";
import type { ParameterDeclaration } from "../wire";
import { Icon } from "./icons";
import { AUTO, fault, parsed, shown } from "./parameters";
import { InnerLayerControl, KerasObjectControl } from "./structured";

interface FieldProps {
  readonly declaration: ParameterDeclaration;
  readonly value: unknown;
  readonly owner: string;
  /** What Python says about this field, for faults that the declaration alone cannot tell. */
  readonly told: string | undefined;
  readonly disabled: boolean;
  readonly onChange: (value: unknown, isTyping: boolean) => void;
  readonly onSettle: () => void;
}

export function Field(props: FieldProps) {
  const { declaration, value, owner, told, disabled, onChange } = props;
  const id = useId();
  const complaint = fault(declaration, value, owner) ?? told;
  const isChanged = JSON.stringify(value) !== JSON.stringify(declaration.default);
  const help = [declaration.help, declaration.why].filter(Boolean).join(" ");
  const described = { id, "aria-describedby": `${id}-help`, "aria-invalid": complaint !== undefined };
  return (
    <div className={`kb-field${complaint ? " kb-field-bad" : ""}`} data-field={declaration.name}>
      <div className="kb-field-head">
        <label htmlFor={id}>{declaration.label}</label>
        <span className="kb-help" tabIndex={0} role="note" aria-label={help}>
          ?<span className="kb-help-text">{help}</span>
        </span>
        {isChanged && !disabled && (
          <button
            type="button"
            className="kb-bare kb-reset"
            title={`Back to the default: ${shown(declaration.default) || "empty"}`}
            aria-label={`Set ${declaration.label} back to its default`}
            onClick={() => onChange(declaration.default, false)}
          >
            <Icon name="reset" />
          </button>
        )}
        {declaration.auto && declaration.type !== "choice" && (
          <label className="kb-auto">
            <input
              type="checkbox"
              disabled={disabled}
              checked={value === AUTO}
              onChange={(event) => onChange(event.target.checked ? AUTO : startingValue(declaration), false)}
            />
            auto
          </label>
        )}
      </div>
      <Control {...props} described={described} />
      <span id={`${id}-help`} className="kb-unseen">
        {help}
      </span>
      {complaint && (
        <p className="kb-complaint" role="alert">
          {complaint}
        </p>
      )}
    </div>
  );
}

type Described = { readonly id: string; readonly "aria-describedby": string; readonly "aria-invalid": boolean };

function Control(props: FieldProps & { readonly described: Described }) {
  const { declaration, value, disabled, onChange, described } = props;
  if (declaration.type === "boolean" && declaration.optional) return <YesNoControl {...props} />;
  if (declaration.type === "boolean")
    return (
      <label className="kb-switch">
        <input
          {...described}
          type="checkbox"
          role="switch"
          disabled={disabled}
          checked={value === true}
          onChange={(event) => onChange(event.target.checked, false)}
        />
        <span aria-hidden="true" />
        {value === true ? "Yes" : "No"}
      </label>
    );
  if (declaration.type === "choice") return <ChoiceControl {...props} />;
  if (declaration.type === "keras_object")
    return <KerasObjectControl {...props} text={(inner) => <TextControl {...props} {...inner} />} />;
  if (declaration.type === "inner_layer")
    return <InnerLayerControl {...props} field={(inner) => <Field {...props} told={undefined} {...inner} />} />;
  if (declaration.type === "json")
    return <textarea {...described} className="kb-code kb-saved" readOnly rows={4} value={JSON.stringify(value, null, 1)} />;
  if (declaration.auto && value === AUTO)
    return <input {...described} type="text" disabled value="auto: taken from the data" readOnly />;
  return <TextControl {...props} />;
}

/** A yes or no that may also be left open. */
function YesNoControl({ value, disabled, onChange, described }: FieldProps & { readonly described: Described }) {
  const words = value === null ? "" : value === true ? "yes" : "no";
  return (
    <select
      {...described}
      disabled={disabled}
      value={words}
      onChange={(event) => onChange({ "": null, yes: true, no: false }[event.target.value] ?? null, false)}
    >
      <option value="">not set</option>
      <option value="yes">yes</option>
      <option value="no">no</option>
    </select>
  );
}

function ChoiceControl({ declaration, value, disabled, onChange, described }: FieldProps & { readonly described: Described }) {
  const extra = [...(declaration.auto ? [AUTO] : []), ...(declaration.optional ? [""] : [])];
  const options = [...new Set([...extra, ...(declaration.options ?? [])])];
  const current = shown(value);
  if (!options.includes(current)) options.push(current);
  return (
    <select
      {...described}
      disabled={disabled}
      value={current}
      onChange={(event) => onChange(event.target.value === "" && declaration.optional ? null : event.target.value, false)}
    >
      {options.map((option) => (
        <option key={option} value={option}>
          {option === "" ? "none" : option}
        </option>
      ))}
    </select>
  );
}

function TextControl({ declaration, value, disabled, onChange, onSettle, described }: FieldProps & { readonly described: Described }) {
  const [text, setText] = useState(shown(value));
  useEffect(() => {
    // Keep "0." and "3, " as they are typed: only a value that the text does not stand for replaces it.
    setText((typed) => (JSON.stringify(parsed(declaration, typed)) === JSON.stringify(value) ? typed : shown(value)));
  }, [declaration, value]);
  const change = (typed: string) => {
    setText(typed);
    onChange(parsed(declaration, typed), true);
  };
  const nudge = (event: React.KeyboardEvent) => {
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!step || declaration.type !== "integer" || typeof value !== "number") return;
    event.preventDefault();
    change(String(value + step * (event.shiftKey ? 10 : 1)));
  };
  return (
    <input
      {...described}
      type="text"
      inputMode={declaration.type === "integer" ? "numeric" : "text"}
      autoComplete="off"
      spellCheck={false}
      disabled={disabled}
      placeholder={declaration.optional ? "none" : ""}
      value={text}
      onChange={(event) => change(event.target.value)}
      onKeyDown={nudge}
      onBlur={() => {
        setText(shown(value));
        onSettle();
      }}
    />
  );
}

function startingValue(declaration: ParameterDeclaration): unknown {
  if (declaration.default !== AUTO) return declaration.default;
  if (declaration.type === "integer_list") return Array(declaration.minimum_length ?? 1).fill(declaration.minimum ?? 1);
  return declaration.type === "float" ? 1 : Math.max(declaration.minimum ?? 1, 1);
}
