import { channelNames, handlerOutcomes } from "../labels.ts";
import { alone, by, counter, gauge, histogram, type MetricSpec } from "./spec.ts";

export const busMetrics: readonly MetricSpec[] = [
  histogram(
    "bus-handlers",
    "bus.queue_delay",
    "s",
    "From the arrival of a message in this process to the start of its handler.",
    { queueSeconds: alone },
    { channel: channelNames },
  ),
  histogram(
    "bus-handlers",
    "bus.handler.duration",
    "s",
    "From the start of a handler to its end, with all that it waits for.",
    { handlerSeconds: alone },
    { channel: channelNames },
  ),
  counter(
    "bus-handlers",
    "bus.handled",
    "{message}",
    "Messages and questions that were handled here, by what became of them; each attempt counts.",
    { handled: alone },
    { channel: channelNames, outcome: handlerOutcomes },
  ),
  {
    name: "rollcall.bus.messages",
    kind: "gauge",
    unit: "{message}",
    help: "Unfinished messages: in, those that wait for their handler or are in it; out, those that wait for an owner or node or are with it.",
    from: {
      "bus-handlers": {
        inWaiting: { direction: "in", state: "waiting" },
        inUnderWay: { direction: "in", state: "under_way" },
      },
      "bus-lanes": {
        outWaiting: { direction: "out", state: "waiting" },
        outUnderWay: { direction: "out", state: "under_way" },
      },
    },
    own: {},
  },
  {
    name: "rollcall.bus.oldest",
    kind: "gauge",
    unit: "s",
    help: "Age of the oldest message: in, of those that wait for their handler; out, of all that are not finished. 0 where there is none.",
    from: {
      "bus-handlers": { oldestIn: { direction: "in" } },
      "bus-lanes": { oldestOut: { direction: "out" } },
    },
    own: {},
  },
  histogram(
    "bus-lanes",
    "bus.lane_delay",
    "s",
    "How long messages waited in their lane that could not leave at once: for an owner, or for those before them.",
    { laneSeconds: alone },
  ),
  counter("bus-lanes", "bus.refused", "{message}", "Messages that this process did not take.", {
    ...by("reason", { refusedFenced: "fenced", refusedNotOwner: "not_owner", refusedMalformed: "malformed" }),
  }),
  counter("bus", "bus.frames", "{frame}", "Frames between processes.", {
    ...by("direction", { framesOut: "out", framesIn: "in" }),
  }),
  counter("bus", "bus.frames_malformed", "{frame}", "Frames that could not be read.", {
    framesMalformed: alone,
  }),
  counter("bus", "bus.bounces", "{frame}", "Frames that found nobody.", { bounces: alone }),
  counter("bus", "bus.sent", "{character}", "UTF-16 units of all frames that went out.", { unitsOut: alone }),
  gauge("nats", "nats.connected", "1", "Whether there is a NATS server at the other end.", {
    connected: alone,
  }),
  counter("nats", "nats.disconnects", "{disconnect}", "Times that the connection to NATS was lost.", {
    disconnects: alone,
  }),
];
