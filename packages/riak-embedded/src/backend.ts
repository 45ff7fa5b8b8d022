import type { ObjectStore } from "./object-store.ts";
import type { PropertyStore } from "./property-store.ts";
import type { RiakMethod } from "./riak-message.ts";
import type { Counters } from "./stats-resource.ts";

/** What the resources work on. */
export interface Backend {
  readonly store: ObjectStore;
  readonly properties: PropertyStore;
  readonly counters: Counters;
  /** The largest object, in bytes. */
  readonly maxObjectBytes: number;
}

/** A request taken apart. */
export interface ParsedRequest {
  readonly method: RiakMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}
