/** Everything that crosses between Python and the browser, and nothing else. */

export type Flow = "image" | "sequence" | "tokens" | "vector";

export interface GraphNode {
  readonly id: string;
  readonly kind: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly position: readonly [number, number];
}

export interface GraphEdge {
  readonly source: string;
  readonly source_port: string;
  readonly target: string;
  readonly target_port: string;
}

export interface GraphDocument {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** The edits of `builder.graph.Graph.edited`; repairs arrive in this form. */
export type Edit =
  | { readonly op: "add_node"; readonly node: GraphNode }
  | { readonly op: "remove_node"; readonly id: string }
  | { readonly op: "add_edge"; readonly edge: GraphEdge }
  | { readonly op: "remove_edge"; readonly edge: GraphEdge }
  | { readonly op: "set_parameter"; readonly id: string; readonly name: string; readonly value: unknown };

export interface Repair {
  readonly label: string;
  readonly edits: readonly Edit[];
}

export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly block: string | null;
  readonly field: string | null;
  readonly repair: Repair | null;
  readonly severity: "error" | "warning";
}

/** A parameter's declaration, as `builder.params.Parameter.to_json` writes it. */
export interface ParameterDeclaration {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  /** Why the default is sensible. */
  readonly why?: string;
  readonly default: unknown;
  readonly auto: boolean;
  readonly advanced: boolean;
  readonly type: "integer" | "float" | "boolean" | "choice" | "integer_list";
  readonly optional?: boolean;
  readonly minimum?: number | null;
  readonly maximum?: number | null;
  readonly minimum_open?: boolean;
  readonly maximum_open?: boolean;
  readonly options?: readonly string[];
  readonly minimum_length?: number;
  readonly maximum_length?: number;
  readonly allow_unknown?: boolean;
}

export interface InputPort {
  readonly name: string;
  readonly accepts: readonly Flow[];
  readonly variadic: boolean;
}

export interface BlockDeclaration {
  readonly kind: string;
  readonly label: string;
  readonly category: string;
  readonly summary: string;
  readonly formula: string;
  readonly reference: string;
  readonly inputs: readonly InputPort[];
  readonly outputs: readonly { readonly name: string }[];
  readonly parameters: readonly ParameterDeclaration[];
}

export interface CatalogueAnswer {
  readonly blocks: readonly BlockDeclaration[];
}

export interface NodeFacts {
  readonly shape: readonly (number | null)[] | null;
  readonly dtype?: string | null;
  readonly flow: Flow | null;
  readonly parameters: number | null;
}

export interface ModelSummary {
  readonly parameters?: number | null;
  readonly trainable?: number | null;
  readonly layers?: number | null;
  readonly size_bytes?: number | null;
  readonly output_shape?: readonly (number | null)[] | null;
}

export interface InferRequest {
  readonly projectId: string;
  readonly rev: number;
  readonly graph: GraphDocument;
}

export interface InferAnswer {
  readonly rev: number;
  readonly nodes: Readonly<Record<string, NodeFacts>>;
  readonly problems: readonly Problem[];
  readonly summary: ModelSummary;
}

/** What the Python mount `canvas(...)` passes down. */
export interface CanvasData {
  readonly document: GraphDocument;
  readonly docVersion: number | string;
  readonly catalogueUrl: string;
  readonly inferUrl: string;
  readonly token: string;
  readonly projectId: string;
  readonly readOnly: boolean;
  /** In pixels; null fills the window. */
  readonly height: number | null;
}

/** What the canvas hands up as state "graph". */
export interface CanvasState {
  readonly rev: number;
  readonly docVersion: number | string;
  readonly document: GraphDocument;
}

/** What the Python mount `live_chart(...)` passes down; `status` is what the page showed when it was drawn. */
export interface LiveChartData {
  readonly metricsUrl: string;
  readonly token: string;
  readonly runId: string;
  readonly status: string | null;
  readonly height: number;
}

export type MetricRow = readonly [
  scope: "step" | "epoch",
  step: number,
  epoch: number,
  name: string,
  value: number | null,
];

export interface RunProgress {
  readonly epoch?: number;
  readonly epochs?: number;
  readonly step?: number;
  readonly steps_per_epoch?: number;
  readonly samples_per_second?: number;
  readonly seconds_left?: number;
  readonly device?: string;
  readonly phase?: string;
}

export interface MetricsAnswer {
  readonly next: number;
  readonly rows: readonly MetricRow[];
  readonly run: {
    readonly status: string;
    readonly progress?: RunProgress | null;
    readonly events?: readonly { readonly kind?: string; readonly message?: string }[];
  };
}

export const TOKEN_HEADER = "X-Kerablocks-Token";
