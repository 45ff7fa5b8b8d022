export type MetricAttributes = Readonly<Record<string, string>>;

export interface MetricSpec {
  readonly name: string;
  /** `counter`: only grows while the process lives. `gauge`: how it is now. `histogram`: counts by size. */
  readonly kind: "counter" | "gauge" | "histogram";
  /** UCUM, as OpenTelemetry has it: `{session}` is a count of sessions, `By` bytes, `s` seconds. */
  readonly unit: string;
  readonly help: string;
  /** By area of the `CounterRegistry` and field: the attributes that tell the fields of one metric apart. */
  readonly from: Readonly<Record<string, Fields>>;
  /** Attributes that the fields have of themselves (`Counts`, `Histograms`), with the values that there may be. */
  readonly own: Readonly<Record<string, readonly string[] | string>>;
}

export type Fields = Readonly<Record<string, MetricAttributes>>;
/** Values of an attribute; a text says what they are where they depend on the settings. */
export type OwnAttributes = MetricSpec["own"];

export const alone: MetricAttributes = {};
const none: OwnAttributes = {};

function maker(kind: MetricSpec["kind"]) {
  return (
    area: string,
    name: string,
    unit: string,
    help: string,
    fields: Fields,
    own: OwnAttributes = none,
  ): MetricSpec => ({ name: `rollcall.${name}`, kind, unit, help, from: { [area]: fields }, own });
}

export const counter = maker("counter");
export const gauge = maker("gauge");
export const histogram = maker("histogram");

/** Fields that are told apart by one attribute. */
export function by(attribute: string, values: Readonly<Record<string, string>>): Fields {
  const fields: Record<string, MetricAttributes> = {};
  for (const [field, value] of Object.entries(values)) fields[field] = { [attribute]: value };
  return fields;
}
