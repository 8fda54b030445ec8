/** Editors for values that have parts: an initializer with its arguments, the layer inside a wrapper. */

import { Fragment, useEffect, useState, type ReactNode } from "react";
import type { ParameterDeclaration } from "../wire";
import { isMapping, parsed, shown, valueOf } from "./parameters";

interface Props {
  readonly declaration: ParameterDeclaration;
  readonly value: unknown;
  readonly disabled: boolean;
  readonly onChange: (value: unknown, isTyping: boolean) => void;
  readonly onSettle: () => void;
  readonly described: { readonly id: string; readonly "aria-describedby": string; readonly "aria-invalid": boolean };
}

type Inner = Pick<Props, "declaration" | "value" | "onChange">;

const NUMBER = "#";
const CLASS = "class ";
const FIRST_STRENGTH = 0.0001;

/** A name, a class with its arguments, or the strength of an L2 penalty. */
export function KerasObjectControl(props: Props & { readonly text: (inner: Inner & { described: Props["described"] }) => ReactNode }) {
  const { declaration, value, disabled, onChange, described, text } = props;
  const classes = declaration.classes ?? {};
  const chosen = isMapping(value) ? `${CLASS}${value.class_name}` : typeof value === "number" ? NUMBER : shown(value);
  const choose = (choice: string) => {
    const name = choice.startsWith(CLASS) ? choice.slice(CLASS.length) : null;
    if (name !== null) onChange({ class_name: name, config: { ...classes[name] } }, false);
    else onChange(choice === "" ? null : choice === NUMBER ? FIRST_STRENGTH : choice, false);
  };
  return (
    <>
      <select {...described} disabled={disabled} value={chosen} onChange={(event) => choose(event.target.value)}>
        {declaration.optional && <option value="">none</option>}
        {declaration.strength && <option value={NUMBER}>L2 with a strength</option>}
        {(declaration.options ?? []).map((name) => (
          <option key={name}>{name}</option>
        ))}
        {Object.entries(classes).map(([name, defaults]) =>
          Object.keys(defaults).length > 0 ? (
            <option key={name} value={`${CLASS}${name}`}>
              {name} with settings
            </option>
          ) : null,
        )}
      </select>
      {typeof value === "number" && declaration.strength &&
        text({
          declaration: { ...declaration, ...declaration.strength, optional: false },
          value,
          onChange,
          described: { ...described, id: `${described.id}-strength` },
        })}
      {isMapping(value) && <Arguments {...props} value={value} classes={classes} />}
    </>
  );
}

function Arguments({ value, classes, disabled, onChange, onSettle, described }: Omit<Props, "value"> & {
  readonly value: Readonly<Record<string, unknown>>;
  readonly classes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}) {
  const config = isMapping(value.config) ? value.config : {};
  return (
    <div className="kb-parts">
      {Object.entries(classes[String(value.class_name)] ?? {}).map(([name, standard]) => (
        <label key={name}>
          <span>{name}</span>
          <PlainInput
            id={`${described.id}-${name}`}
            value={name in config ? config[name] : standard}
            disabled={disabled}
            onChange={(item) => onChange({ ...value, config: { ...config, [name]: item } }, true)}
            onSettle={onSettle}
          />
        </label>
      ))}
    </div>
  );
}

interface PlainProps extends Pick<Props, "value" | "disabled" | "onSettle"> {
  readonly id: string;
  readonly onChange: (value: unknown) => void;
}

function PlainInput({ id, value, disabled, onChange, onSettle }: PlainProps) {
  const [text, setText] = useState(shown(value));
  useEffect(() => {
    setText((typed) => (JSON.stringify(plain(typed)) === JSON.stringify(value) ? typed : shown(value)));
  }, [value]);
  return (
    <input
      id={id}
      type="text"
      autoComplete="off"
      spellCheck={false}
      placeholder="none"
      disabled={disabled}
      value={text}
      onChange={(event) => {
        setText(event.target.value);
        onChange(plain(event.target.value));
      }}
      onBlur={onSettle}
    />
  );
}

/** What typed text stands for: nothing, yes or no, a number, several numbers, or itself. */
function plain(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  if (/^(true|false)$/i.test(trimmed)) return trimmed.toLowerCase() === "true";
  return parsed({ type: "either" }, trimmed);
}

/** The kind of the layer inside a wrapper, and below it that layer's own fields. */
export function InnerLayerControl(props: Props & { readonly field: (inner: Inner) => ReactNode }) {
  const { declaration, value, disabled, onChange, described, field } = props;
  const layers = declaration.layers ?? [];
  const given = isMapping(value) ? value : {};
  const chosen = layers.find(({ kind }) => kind === given.kind);
  const parameters = isMapping(given.parameters) ? given.parameters : {};
  const set = (name: string) => (item: unknown, isTyping: boolean) =>
    onChange({ kind: given.kind, parameters: { ...parameters, [name]: item } }, isTyping);
  const fields = (advanced: boolean) =>
    (chosen?.parameters ?? [])
      .filter((inner) => inner.advanced === advanced)
      .map((inner) => (
        <Fragment key={inner.name}>
          {field({ declaration: inner, value: valueOf(parameters, inner), onChange: set(inner.name) })}
        </Fragment>
      ));
  return (
    <>
      <select
        {...described}
        disabled={disabled}
        value={String(given.kind ?? "")}
        onChange={(event) => onChange({ kind: event.target.value, parameters: {} }, false)}
      >
        {!chosen && <option value={String(given.kind ?? "")}>{String(given.kind ?? "choose a layer")}</option>}
        {layers.map(({ kind, label }) => (
          <option key={kind} value={kind}>
            {label}
          </option>
        ))}
      </select>
      {chosen && (
        <div className="kb-parts">
          {fields(false)}
          <details>
            <summary>More settings of {chosen.label}</summary>
            {fields(true)}
          </details>
        </div>
      )}
    </>
  );
}
