export type { Bucket, BucketOptions, GetOptions, PutOptions, Quorum } from "./bucket.ts";
export type { BucketProperties } from "./bucket-properties.ts";
export { createDirectTransport } from "./direct-transport.ts";
export {
  createHttpTransport,
  type HostStatus,
  type HttpTransport,
  HttpTransportCounters,
  type HttpTransportOptions,
} from "./http-transport.ts";
export { createRiakClient, type RiakClient, type RiakClientOptions } from "./riak-client.ts";
export { RiakCounters } from "./riak-counters.ts";
export { RiakError, type RiakErrorCode, type RiakErrorOptions } from "./riak-error.ts";
export type { Fetched, RiakObject, RiakSibling, Siblings, Stored } from "./riak-object.ts";
export type { RiakRequest, RiakResponse, RiakStreamResponse, RiakTransport } from "./riak-transport.ts";
export { MAX_META_BYTES, MAX_META_VALUE_BYTES } from "./user-metadata.ts";
export { jsonCodec, type ValueCodec } from "./value-codec.ts";
