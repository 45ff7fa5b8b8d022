export { freePorts } from "@rollcall/nats/testing";
export { befriendIn, onlineAt } from "./cluster-people.ts";
export { eventually } from "./eventually.ts";
export {
  type ClusterFaults,
  type ClusterParts,
  clusterFaults,
  type Harm,
  type Harmable,
} from "./faults/cluster-faults.ts";
export { HarmedProcess, type ProcessSpec, rollingRestart } from "./faults/process-faults.ts";
export {
  type StoreFault,
  type StoreProxy,
  type StoreProxyOptions,
  startStoreProxy,
} from "./faults/store-proxy.ts";
export type { AttributeValue, CollectedSpan } from "./otlp/decode-traces.ts";
export { type OtlpReceiver, startOtlpReceiver } from "./otlp/otlp-receiver.ts";
export { type PictureOptions, renderTrace } from "./otlp/render-trace.ts";
export { type SpanNode, serviceOf, spanTree, treeLines } from "./otlp/span-tree.ts";
export { ServerProcess } from "./server-process.ts";
export {
  type ClusterNode,
  type ClusterOptions,
  type RunningCluster,
  startCluster,
} from "./start-cluster.ts";
export { type RunningServer, type ServerOptions, startServer } from "./start-server.ts";
export { befriend, newcomer, Person, story, storyServer } from "./story.ts";
export { hasTool, needs, toolFor } from "./tool.ts";
export { type Endpoint, type Match, PATIENCE_MS, Wire } from "./wire.ts";
export { XmlNode } from "./xml-tree.ts";
export {
  escapeXml,
  type LoginOptions,
  SaslFailure,
  streamHeader,
  uniqueId,
  XmppClient,
} from "./xmpp-client.ts";
