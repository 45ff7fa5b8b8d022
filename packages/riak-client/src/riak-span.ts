import { activeSpan, type Span } from "@rollcall/telemetry";

/** An operation on a bucket, as a step of what runs now. `undefined` where that is not traced. */
export function riakSpan(operation: "GET" | "PUT" | "DELETE", bucket: string): Span | undefined {
  return activeSpan()?.child(`${operation} ${bucket}`, {
    kind: "client",
    attributes: { "db.system.name": "riak", "db.operation.name": operation, "db.namespace": bucket },
  });
}
