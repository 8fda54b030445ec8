/** What several blocks have in common: the settings that one form can set for all of them. */

import type { Edit, GraphNode, ParameterDeclaration } from "../wire";
import type { Catalogue } from "./connect";
import { valueOf } from "./parameters";

export interface CommonParameter {
  readonly declaration: ParameterDeclaration;
  readonly value: unknown;
  readonly isMixed: boolean;
}

/** The settings that all blocks declare alike, with the value they share, if they share one. */
export function commonParameters(catalogue: Catalogue, nodes: readonly GraphNode[]): CommonParameter[] {
  const [first, ...others] = nodes.map((node) => ({ node, declared: catalogue.get(node.kind)?.parameters ?? [] }));
  if (!first) return [];
  return first.declared.flatMap((declaration): CommonParameter[] => {
    const rest = others.map(({ declared }) => declared.find((other) => isAlike(declaration, other)));
    if (rest.some((other) => other === undefined)) return [];
    const values = nodes.map((node, index) => valueOf(node.parameters, rest[index - 1] ?? declaration));
    const isMixed = new Set(values.map((value) => JSON.stringify(value))).size > 1;
    return [{ declaration, value: isMixed ? undefined : values[0], isMixed }];
  });
}

/** Whether a value of the one is a value of the other: defaults and explanations may differ. */
function isAlike(one: ParameterDeclaration, other: ParameterDeclaration): boolean {
  const nature = ({ label: _, help: __, why: ___, default: ____, advanced: _____, ...rest }: ParameterDeclaration) => JSON.stringify(rest);
  return nature(one) === nature(other);
}

export function settingAll(nodes: readonly GraphNode[], name: string, value: unknown): Edit[] {
  return nodes.map(({ id }) => ({ op: "set_parameter", id, name, value }));
}

export function changingAll(nodes: readonly GraphNode[], changes: Extract<Edit, { op: "set_node" }>["changes"]): Edit[] {
  return nodes.map(({ id }) => ({ op: "set_node", id, changes }));
}
