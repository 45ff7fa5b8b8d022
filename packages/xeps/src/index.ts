export { dateTime } from "./date-time.ts";
export { withDelay } from "./delay.ts";
export {
  type DiscoIdentity,
  type DiscoInfo,
  type DiscoItem,
  discoInfoResult,
  discoItemsResult,
  discoNode,
  isDiscoInfoRequest,
  isDiscoItemsRequest,
} from "./disco.ts";
export { iqResult, type ResultPayload } from "./iq-result.ts";
export { isLastActivityRequest, type LastActivity, lastActivityResult } from "./last-activity.ts";
export { isKeptOffline } from "./offline-messages.ts";
export { isPing, pingResult } from "./ping.ts";
export { isVersionRequest, type SoftwareVersion, versionResult } from "./version.ts";
