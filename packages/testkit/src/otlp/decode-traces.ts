/** What an OTLP exporter posts to `/v1/traces`, in protobuf (opentelemetry-proto, trace/v1). */
import Pbf from "pbf";

export type AttributeValue = string | number | boolean;

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first one of a trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: "unspecified" | "internal" | "server" | "client" | "producer" | "consumer";
  /** Milliseconds since the epoch, with fractions. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly events: readonly { readonly name: string; readonly at: number }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly isError: boolean;
  /** Of its process: `service.name` and the like. */
  readonly resource: Readonly<Record<string, AttributeValue>>;
}

type Attributes = Record<string, AttributeValue>;

const kinds = ["unspecified", "internal", "server", "client", "producer", "consumer"] as const;
const ERROR_STATUS = 2;

export function decodeTraces(body: Uint8Array): CollectedSpan[] {
  const spans: CollectedSpan[] = [];
  eachField(new Pbf(body), {
    1: (resourceSpans) => {
      const resource: Attributes = {};
      const found: CollectedSpan[] = [];
      eachMessage(resourceSpans, {
        1: (message) => eachMessage(message, { 1: (pair) => readPair(pair, resource) }),
        2: (scopeSpans) =>
          eachMessage(scopeSpans, { 2: (message) => found.push(readSpan(message, resource)) }),
      });
      spans.push(...found);
    },
  });
  return spans;
}

type Fields = Readonly<Record<number, (reader: Pbf) => void>>;

function eachField(reader: Pbf, fields: Fields, end?: number): void {
  reader.readFields(
    (field, _result, at) => {
      fields[field]?.(at);
    },
    undefined,
    end,
  );
}

/** The fields of a message that is the value of a field. */
function eachMessage(reader: Pbf, fields: Fields): void {
  eachField(reader, fields, reader.readVarint() + reader.pos);
}

function readSpan(reader: Pbf, resource: Attributes): CollectedSpan {
  let traceId = "";
  let spanId = "";
  let parentSpanId = "";
  let name = "";
  let kind = 0;
  let start = 0;
  let end = 0;
  let isError = false;
  const attributes: Attributes = {};
  const events: { name: string; at: number }[] = [];
  const links: { traceId: string; spanId: string }[] = [];
  eachMessage(reader, {
    1: (at) => {
      traceId = readHex(at);
    },
    2: (at) => {
      spanId = readHex(at);
    },
    4: (at) => {
      parentSpanId = readHex(at);
    },
    5: (at) => {
      name = at.readString();
    },
    6: (at) => {
      kind = at.readVarint();
    },
    7: (at) => {
      start = readTime(at);
    },
    8: (at) => {
      end = readTime(at);
    },
    9: (at) => readPair(at, attributes),
    11: (at) => {
      const event = { name: "", at: 0 };
      eachMessage(at, {
        1: (inner) => {
          event.at = readTime(inner);
        },
        2: (inner) => {
          event.name = inner.readString();
        },
      });
      events.push(event);
    },
    13: (at) => {
      const link = { traceId: "", spanId: "" };
      eachMessage(at, {
        1: (inner) => {
          link.traceId = readHex(inner);
        },
        2: (inner) => {
          link.spanId = readHex(inner);
        },
      });
      links.push(link);
    },
    15: (at) =>
      eachMessage(at, {
        3: (inner) => {
          isError = inner.readVarint() === ERROR_STATUS;
        },
      }),
  });
  return {
    traceId,
    spanId,
    parentSpanId,
    name,
    kind: kinds[kind] ?? "unspecified",
    start,
    end,
    attributes,
    events,
    links,
    isError,
    resource,
  };
}

function readPair(reader: Pbf, into: Attributes): void {
  let key = "";
  let value: AttributeValue = "";
  eachMessage(reader, {
    1: (at) => {
      key = at.readString();
    },
    2: (at) =>
      eachMessage(at, {
        1: (inner) => {
          value = inner.readString();
        },
        2: (inner) => {
          value = inner.readBoolean();
        },
        3: (inner) => {
          value = inner.readVarint(true);
        },
        4: (inner) => {
          value = inner.readDouble();
        },
      }),
  });
  into[key] = value;
}

function readHex(reader: Pbf): string {
  return Buffer.from(reader.readBytes()).toString("hex");
}

/** Nanoseconds as a 64-bit number; fractions of microseconds get lost. */
function readTime(reader: Pbf): number {
  return reader.readFixed64() / 1e6;
}
