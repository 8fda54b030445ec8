/** Checking, reading and showing parameter values: the browser's half of builder/params.py. */

import type { BlockDeclaration, ParameterDeclaration, TypeDeclaration } from "../wire";

export const AUTO = "auto";

/** What is judged: a parameter's declaration, or a type inside one. */
type Judged = TypeDeclaration & { readonly auto?: boolean };

export function accepts(declaration: Judged, value: unknown): boolean {
  if (declaration.auto && value === AUTO) return true;
  if (declaration.optional && value === null) return true;
  switch (declaration.type) {
    case "integer":
      return Number.isInteger(value) && inside(declaration, value as number);
    case "float":
      return typeof value === "number" && Number.isFinite(value) && inside(declaration, value);
    case "boolean":
      return typeof value === "boolean";
    case "choice":
      return typeof value === "string" && (declaration.options ?? []).includes(value);
    case "integer_list":
      return Array.isArray(value) && isGoodList(declaration, value);
    case "number_list":
      return Array.isArray(value) && hasGoodLength(declaration, value) && value.every((item) => isGoodNumber(declaration, item));
    case "text":
      return typeof value === "string" && value.length >= 1 && value.length <= (declaration.maximum_length ?? Infinity);
    case "keras_object":
      return isGoodObject(declaration, value);
    case "either":
      return (declaration.alternatives ?? []).some((alternative) => accepts(alternative, value));
    case "inner_layer":
      return isGoodLayer(declaration, value);
    case "json":
      // Only Python knows what may be in a saved layer.
      return true;
  }
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasExactly(value: Readonly<Record<string, unknown>>, ...names: string[]): boolean {
  return Object.keys(value).length === names.length && names.every((name) => name in value);
}

function isGoodNumber(declaration: Judged, value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && inside(declaration, value);
}

function isGoodObject({ options, classes, strength }: Judged, value: unknown): boolean {
  if (typeof value === "string") return (options ?? []).includes(value);
  if (!isMapping(value)) return strength != null && accepts(strength, value);
  const known = classes?.[String(value.class_name)];
  if (!known || !hasExactly(value, "class_name", "config") || !isMapping(value.config)) return false;
  return Object.entries(value.config).every(([name, item]) => name in known && isPlain(item));
}

function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((item) => typeof item === "number" || typeof item === "boolean");
  return !isMapping(value);
}

function isGoodLayer({ layers }: Judged, value: unknown): boolean {
  if (!isMapping(value) || !hasExactly(value, "kind", "parameters") || !isMapping(value.parameters)) return false;
  const declared = layers?.find((layer) => layer.kind === value.kind)?.parameters;
  return Object.entries(value.parameters).every(([name, item]) => {
    const declaration = declared?.find((candidate) => candidate.name === name);
    return declaration !== undefined && accepts(declaration, item);
  }) && declared !== undefined;
}

function inside({ minimum, maximum, minimum_open, maximum_open }: Judged, value: number): boolean {
  if (minimum != null && (minimum_open ? value <= minimum : value < minimum)) return false;
  return !(maximum != null && (maximum_open ? value >= maximum : value > maximum));
}

function hasGoodLength({ minimum_length = 0, maximum_length = Infinity }: Judged, value: readonly unknown[]): boolean {
  return value.length >= minimum_length && value.length <= maximum_length;
}

function isGoodList(declaration: Judged, value: readonly unknown[]): boolean {
  const { minimum = 1, allow_unknown } = declaration;
  if (!hasGoodLength(declaration, value)) return false;
  const spares = allow_unknown && value.filter((item) => item === -1).length === 1;
  const rest = spares ? value.filter((item) => item !== -1) : value;
  return rest.every((item) => Number.isInteger(item) && (item as number) >= (minimum ?? 1));
}

export function describe(declaration: Judged): string {
  const words = describeType(declaration) + (declaration.optional ? ", or empty" : "");
  return words + (declaration.auto ? ", or 'auto'" : "");
}

function describeType(declaration: Judged): string {
  const { minimum, maximum } = declaration;
  switch (declaration.type) {
    case "integer":
      if (minimum != null && maximum != null) return `a whole number from ${minimum} to ${maximum}`;
      if (minimum != null) return `a whole number of at least ${minimum}`;
      return maximum != null ? `a whole number of at most ${maximum}` : "a whole number";
    case "float":
      return describeFloat(declaration);
    case "boolean":
      return "true or false";
    case "choice":
      return "one of " + (declaration.options ?? []).map((option) => `'${option}'`).join(", ");
    case "number_list":
      return `a list of ${countOf(declaration)} numbers, each ${describeFloat(declaration)}`;
    case "text":
      return `a text of 1 to ${declaration.maximum_length} characters`;
    case "keras_object":
      return describeObject(declaration);
    case "either":
      return (declaration.alternatives ?? []).map(describe).join(", or ");
    case "inner_layer":
      return `a layer with good parameters of its own, of the kind ${(declaration.layers ?? []).map(({ kind }) => `'${kind}'`).join(", ")}`;
    case "json":
      return "saved settings";
    case "integer_list": {
      const count = countOf(declaration);
      const extra = declaration.allow_unknown ? " (or one -1, which is filled in)" : "";
      return `a list of ${count} whole numbers of at least ${minimum}${extra}`;
    }
  }
}

function countOf({ minimum_length: least = 0, maximum_length: most = 0 }: Judged): string {
  return least === most ? `${least}` : `${least} to ${most}`;
}

function describeObject({ noun, options, classes, strength }: Judged): string {
  const number = strength ? `${describe(strength)} (the strength of an L2 penalty), or ` : "";
  const names = (options ?? []).map((name) => `'${name}'`).join(", ");
  return `${number}the name of ${noun} (${names}), or its class_name and config (${Object.keys(classes ?? {}).join(", ")})`;
}

function describeFloat({ minimum, maximum, minimum_open, maximum_open }: Judged): string {
  if (minimum == null && maximum == null) return "a float";
  const left = minimum == null || minimum_open ? "(" : "[";
  const right = maximum == null || maximum_open ? ")" : "]";
  return `a float in ${left}${minimum == null ? "-inf" : general(minimum)}, ${maximum == null ? "inf" : general(maximum)}${right}`;
}

/** Six significant digits, as Python's format "g" writes them. */
export function general(value: number): string {
  if (value === 0) return "0";
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= -4 && exponent < 6) return String(Number(value.toPrecision(6)));
  const [digits = "", power = "0"] = value.toExponential(5).split("e");
  const sign = power.startsWith("-") ? "-" : "+";
  return `${Number(digits)}e${sign}${power.replace(/^[+-]/, "").padStart(2, "0")}`;
}

/** The sentence of `builder.params.Parameter.check` for a bad value, or null for a good one. */
export function fault(declaration: ParameterDeclaration, value: unknown, owner: string): string | null {
  if (accepts(declaration, value)) return null;
  return `The '${declaration.name}' parameter of ${owner} must be ${describe(declaration)}. Got ${written(value)} instead.`;
}

/** A JSON value as Python writes it. */
export function written(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
    return quote + value.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`) + quote;
  }
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (isMapping(value)) return `{${Object.entries(value).map(([name, item]) => `${written(name)}: ${written(item)}`).join(", ")}}`;
  const isTiny = typeof value === "number" && value !== 0 && Math.abs(value) < 1e-4;
  return isTiny ? value.toExponential().replace(/e-(\d)$/, "e-0$1") : String(value);
}

/** What a person typed, as the value it stands for; text that stands for none is kept as it is. */
export function parsed(declaration: Judged, text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "" && declaration.optional) return null;
  if (declaration.auto && trimmed.toLowerCase() === AUTO) return AUTO;
  if (declaration.type === "text") return text;
  if (declaration.type === "integer_list" || declaration.type === "number_list") return parsedList(declaration, trimmed);
  if (declaration.type === "either") return parsedEither(trimmed, text);
  return trimmed !== "" && Number.isFinite(Number(trimmed)) ? Number(trimmed) : text;
}

/** One number, or several as a list; other text as it is. */
function parsedEither(trimmed: string, text: string): unknown {
  const numbers = parsedList({ type: "number_list" }, trimmed);
  if (!Array.isArray(numbers)) return text;
  return numbers.length === 1 ? numbers[0] : numbers;
}

/** The numbers of a list; one number where a list needs several stands for all of them, as in Keras. */
function parsedList({ minimum_length: least = 0, maximum_length: most }: Judged, text: string): unknown {
  const parts = text.replace(/[[\]()]/g, " ").split(/[\s,;×x]+/).filter((part) => part !== "");
  const numbers = parts.map(Number);
  if (parts.length === 0 || !numbers.every(Number.isFinite)) return text;
  return numbers.length === 1 && least === most ? Array(least).fill(numbers[0]) : numbers;
}

export function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (isMapping(value)) return shownMapping(value);
  return Array.isArray(value) ? value.join(", ") : String(value);
}

/** A structured value in a word: the class of an object, the kind of a layer. */
function shownMapping(value: Readonly<Record<string, unknown>>): string {
  if (typeof value.class_name === "string") return value.class_name;
  if (typeof value.kind === "string") return value.kind.replace(/\.v\d+$/, "").replaceAll("_", " ");
  return JSON.stringify(value);
}

export function valueOf(parameters: Readonly<Record<string, unknown>>, declaration: ParameterDeclaration): unknown {
  return declaration.name in parameters ? parameters[declaration.name] : declaration.default;
}

type Phrase = (value: unknown) => string | null;
const counted = (word: string): Phrase => (value) => (value === AUTO ? null : `${shown(value)} ${word}`);
const crossed = (value: unknown) => (Array.isArray(value) ? value.join("×") : `${value}`);
const sized = (word: string): Phrase => (value) => (Array.isArray(value) ? crossed(value) : `${word} ${value}`);
const named: Phrase = (value) => (value === null || value === "linear" || value === "none" || value === AUTO ? null : `${value}`);
const unlessOne = (word: string): Phrase => (value) =>
  [value].flat().every((size) => size === 1) ? null : `${word} ${crossed(value)}`;

/** How the settings that tell two blocks of a kind apart are said in short, in this order. */
const PHRASES: readonly (readonly [string, Phrase])[] = [
  ["source", named],
  ["layer", (value) => shown(value).toUpperCase()],
  ["units", counted("units")],
  ["filters", counted("filters")],
  ["depth", counted("layers")],
  ["output_dim", counted("values a word")],
  ["num_heads", counted("heads")],
  ["key_dim", (value) => `key ${shown(value)}`],
  ["kernel_size", sized("kernel")],
  ["pool_size", sized("pool")],
  ["target_shape", crossed],
  ["rate", (value) => (typeof value === "number" ? `${general(value * 100)} %` : shown(value))],
  ["strides", unlessOne("stride")],
  ["activation", named],
  ["dropout", (value) => (typeof value === "number" && value > 0 ? `dropout ${general(value)}` : null)],
  ["return_sequences", (value) => (value === true ? "every step" : null)],
];

/** A block's key settings in a few words, such as "64 filters · 3×3 · relu". */
export function inShort(block: BlockDeclaration, parameters: Readonly<Record<string, unknown>>): string {
  const declared = new Map(block.parameters.map((declaration) => [declaration.name, declaration]));
  const phrases = PHRASES.flatMap(([name, phrase]) => {
    const declaration = declared.get(name);
    if (!declaration) return [];
    const value = valueOf(parameters, declaration);
    return value === null ? [] : (phrase(value) ?? []);
  });
  return phrases.slice(0, 3).join(" · ");
}
