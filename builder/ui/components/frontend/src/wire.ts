/** Everything that crosses between Python and the browser, and nothing else. */

export type Flow = "image" | "sequence" | "tokens" | "vector" | "volume" | "number";

/** A block in use. What is left out: the layer is named by `id`, learns at the plain rate, has its own weights. */
export interface GraphNode {
  readonly id: string;
  readonly kind: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly position: readonly [number, number];
  readonly layer_name?: string;
  readonly frozen?: boolean;
  readonly learning_rate_factor?: number;
  readonly shared_with?: string;
}

export interface GraphEdge {
  readonly source: string;
  readonly source_port: string;
  readonly target: string;
  readonly target_port: string;
}

/** Blocks that belong together for the reader: a titled frame that can be folded to one box. */
export interface Group {
  readonly id: string;
  readonly title: string;
  readonly nodes: readonly string[];
  readonly collapsed: boolean;
}

export interface Note {
  readonly id: string;
  readonly text: string;
  readonly position: readonly [number, number];
  readonly size: readonly [number, number];
}

/** A parameter of an inner block that an own block shows under `name`; one name may steer several. */
export interface Exposed {
  readonly name: string;
  readonly node: string;
  readonly parameter: string;
}

/** An own block: the graph inside it, whose `tensor_input.v1` and `output.v1` blocks are its ports. */
export interface Definition {
  readonly label: string;
  readonly summary: string;
  readonly graph: GraphDocument;
  readonly exposed: readonly Exposed[];
  readonly nested_model: boolean;
  /** Left out where it is not: a nested model that is a `keras.Sequential` while it is a chain of layers. */
  readonly sequential?: boolean;
}

/** Lists and definitions that are empty are left out. */
export interface GraphDocument {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly groups?: readonly Group[];
  readonly notes?: readonly Note[];
  readonly definitions?: Readonly<Record<string, Definition>>;
}

/** What `set_node` may change; the id changes by `rename_node`. */
export type NodeChanges = Partial<Omit<GraphNode, "id">>;

/** The edits of `builder.graph.Graph.edited`; repairs arrive in this form. */
export type Edit =
  | { readonly op: "add_node"; readonly node: GraphNode }
  | { readonly op: "remove_node"; readonly id: string }
  | { readonly op: "add_edge"; readonly edge: GraphEdge }
  | { readonly op: "remove_edge"; readonly edge: GraphEdge }
  | { readonly op: "set_parameter"; readonly id: string; readonly name: string; readonly value: unknown }
  | { readonly op: "set_node"; readonly id: string; readonly changes: NodeChanges }
  | { readonly op: "rename_node"; readonly id: string; readonly to: string }
  | { readonly op: "set_groups"; readonly groups: readonly Group[] }
  | { readonly op: "set_notes"; readonly notes: readonly Note[] }
  | { readonly op: "set_definition"; readonly kind: string; readonly definition: Definition | null };

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

/** What a value must be, as the types of `builder.params` write it. */
export interface TypeDeclaration {
  readonly type:
    | "integer"
    | "float"
    | "boolean"
    | "choice"
    | "integer_list"
    | "number_list"
    | "text"
    | "keras_object"
    | "either"
    | "inner_layer"
    | "json";
  readonly optional?: boolean;
  readonly minimum?: number | null;
  readonly maximum?: number | null;
  readonly minimum_open?: boolean;
  readonly maximum_open?: boolean;
  readonly options?: readonly string[];
  readonly minimum_length?: number;
  readonly maximum_length?: number;
  readonly allow_unknown?: boolean;
  /** Of a Keras object: what it is called, its classes with their arguments' defaults, and L2's strength. */
  readonly noun?: string;
  readonly classes?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly strength?: TypeDeclaration | null;
  readonly alternatives?: readonly TypeDeclaration[];
  /** The layers that a wrapper may hold. */
  readonly layers?: readonly InnerLayerDeclaration[];
}

export interface InnerLayerDeclaration {
  readonly kind: string;
  readonly label: string;
  readonly parameters: readonly ParameterDeclaration[];
}

/** A parameter's declaration, as `builder.params.Parameter.to_json` writes it. */
export interface ParameterDeclaration extends TypeDeclaration {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  /** Why the default is sensible. */
  readonly why?: string;
  readonly default: unknown;
  readonly auto: boolean;
  readonly advanced: boolean;
}

export interface InputPort {
  readonly name: string;
  readonly accepts: readonly Flow[];
  readonly variadic: boolean;
  readonly optional?: boolean;
}

/** An output; `when` holds the parameter values that it needs to be there. */
export interface OutputPort {
  readonly name: string;
  readonly when?: Readonly<Record<string, unknown>>;
}

export interface BlockDeclaration {
  readonly kind: string;
  readonly label: string;
  readonly category: string;
  readonly summary: string;
  readonly formula: string;
  readonly reference: string;
  readonly inputs: readonly InputPort[];
  readonly outputs: readonly OutputPort[];
  readonly parameters: readonly ParameterDeclaration[];
  /** The name of a drawing in canvas/pictures.tsx. */
  readonly picture?: string;
  /** The layers that a composite becomes with its defaults. */
  readonly expansion?: readonly ExpandedLayer[];
}

export interface ExpandedLayer {
  readonly name: string;
  readonly layer: string;
  readonly inputs: readonly string[];
}

export interface CatalogueAnswer {
  readonly blocks: readonly BlockDeclaration[];
}

export interface PortFacts {
  readonly shape: readonly (number | null)[] | null;
  readonly dtype?: string | null;
  readonly flow: Flow | null;
}

/** What leaves a block's first output, its count of parameters, and what leaves each output. */
export interface NodeFacts extends PortFacts {
  readonly parameters: number | null;
  readonly outputs?: Readonly<Record<string, PortFacts>>;
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
  /** By own kind, for those in use. */
  readonly inside?: Readonly<Record<string, InsideFacts>>;
}

/** What is known of the blocks inside an own block, as its first use has them: in `use`, a block of the model. */
export interface InsideFacts {
  readonly use: string;
  readonly nodes: Readonly<Record<string, NodeFacts>>;
  readonly problems: readonly Problem[];
}

/** An own block that a person has kept for all projects. */
export interface LibraryEntry {
  readonly kind: string;
  readonly definition: Definition;
}

/** What the canvas sends up as trigger "library": keep this own block for all projects, or no longer. */
export interface LibraryRequest {
  readonly action: "save" | "remove";
  readonly kind: string;
  /** Null when removing. */
  readonly definition: Definition | null;
}

/** What the Python mount `canvas(...)` passes down. */
export interface CanvasData {
  readonly document: GraphDocument;
  readonly docVersion: number | string;
  /** Of the project that holds the document; null where none does. */
  readonly revision: number | null;
  readonly catalogueUrl: string;
  readonly inferUrl: string;
  readonly token: string;
  readonly projectId: string;
  readonly readOnly: boolean;
  /** In pixels; null fills the window. */
  readonly height: number | null;
  /** How many characters a note or a title may have. */
  readonly longestText: number;
  /** The person's own blocks; null where there is no library to keep them in. */
  readonly library: readonly LibraryEntry[] | null;
  /** By block; null where the model is not compared with another one. */
  readonly marks: Readonly<Record<string, DifferenceMark>> | null;
}

/** How a block differs from another model, or that it costs a quantized file its accuracy. */
export type DifferenceMark = "added" | "removed" | "changed" | "renamed" | "costly";

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
