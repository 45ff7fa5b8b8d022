export {
  type EmbeddedRiak,
  type EmbeddedRiakOptions,
  type ListenOptions,
  openEmbeddedRiak,
} from "./embedded-riak.ts";
export { EmbeddedRiakError, type EmbeddedRiakErrorCode } from "./embedded-riak-error.ts";
export type { RiakMethod, RiakRequest, RiakResponse } from "./riak-message.ts";
