/** Own blocks as declarations like the catalogue's: what builder/compiler/own_kinds.py derives. */

import type { BlockDeclaration, Definition, Exposed, ParameterDeclaration } from "../../wire";
import type { Catalogue } from "../connect";
import { canRepeat, inputPorts, isOwn, MOST_REPEATS, outputPorts, REPEAT, TRAINING } from "./ports";

export const OWN_CATEGORY = "Own blocks";

const REPEATED: ParameterDeclaration = {
  name: REPEAT,
  label: "Repeat",
  help: "How often the block is applied, one after the other, each time with weights of its own.",
  default: 1,
  auto: false,
  advanced: false,
  type: "integer",
  minimum: 1,
  maximum: MOST_REPEATS,
};

const AS_TRAINING: ParameterDeclaration = {
  name: TRAINING,
  label: "Training",
  help: "Run it as in training (yes) or as in predicting (no), whatever the whole model does. Empty follows it.",
  default: null,
  auto: false,
  advanced: true,
  type: "boolean",
  optional: true,
};

type Definitions = Readonly<Record<string, Definition>>;

/** The catalogue together with the own blocks that a document defines. */
export function withOwnBlocks(catalogue: Catalogue, definitions: Definitions = {}): Catalogue {
  const kinds = Object.keys(definitions);
  if (kinds.length === 0) return catalogue;
  return new Map([...catalogue, ...kinds.map((kind) => [kind, declaration(kind, definitions, catalogue)] as const)]);
}

export function declaration(kind: string, definitions: Definitions, catalogue: Catalogue): BlockDeclaration {
  const definition = definitions[kind] as Definition;
  return {
    kind,
    label: definition.label,
    category: OWN_CATEGORY,
    summary: definition.summary || "A block of your own.",
    formula: "",
    reference: "",
    inputs: [...inputPorts(definition).keys()].map((name) => ({ name, accepts: [], variadic: false })),
    outputs: [...outputPorts(definition).keys()].map((name) => ({ name })),
    parameters: parametersOf(definition, definitions, catalogue, new Set([kind])),
  };
}

function parametersOf(definition: Definition, definitions: Definitions, catalogue: Catalogue, open: ReadonlySet<string>): ParameterDeclaration[] {
  return [
    ...exposedParameters(definition, definitions, catalogue, open),
    ...(definition.nested_model ? [AS_TRAINING] : []),
    ...(canRepeat(definition) ? [REPEATED] : []),
  ];
}

function exposedParameters(definition: Definition, definitions: Definitions, catalogue: Catalogue, open: ReadonlySet<string>): ParameterDeclaration[] {
  const found = new Map<string, ParameterDeclaration>();
  for (const item of definition.exposed) {
    const parameter = innerParameter(definition, item, definitions, catalogue, open);
    if (parameter && !found.has(item.name)) found.set(item.name, parameter);
  }
  return [...found.values()];
}

/** The declaration of an exposed parameter: the inner block's, with the value that stands inside as its default. */
function innerParameter(
  definition: Definition,
  item: Exposed,
  definitions: Definitions,
  catalogue: Catalogue,
  open: ReadonlySet<string>,
): ParameterDeclaration | undefined {
  const node = definition.graph.nodes.find((candidate) => candidate.id === item.node);
  if (!node) return undefined;
  const inner = definitions[node.kind];
  const declared =
    inner && !open.has(node.kind)
      ? parametersOf(inner, definitions, catalogue, new Set([...open, node.kind]))
      : (catalogue.get(node.kind)?.parameters ?? []);
  const parameter = declared.find(({ name }) => name === item.parameter);
  return parameter && { ...parameter, name: item.name, label: wordsOf(item.name), default: node.parameters[item.parameter] ?? parameter.default };
}

function wordsOf(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Every own kind that lies in this one, at any depth. */
export function kindsInside(kind: string, definitions: Definitions): Set<string> {
  const found = new Set<string>();
  const waiting = [kind];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    for (const node of definitions[next]?.graph.nodes ?? [])
      if (isOwn(node.kind) && !found.has(node.kind)) {
        found.add(node.kind);
        waiting.push(node.kind);
      }
  return found;
}

/** The definition with all own blocks that it uses, by kind: what has to travel along with it. */
export function withInner(kinds: readonly string[], definitions: Definitions): Record<string, Definition> {
  const needed = new Set(kinds.filter((kind) => kind in definitions));
  for (const kind of [...needed]) for (const inner of kindsInside(kind, definitions)) needed.add(inner);
  return Object.fromEntries([...needed].flatMap((kind) => (definitions[kind] ? [[kind, definitions[kind]]] : [])));
}
