import {
  chosen,
  dashboard,
  heatmap,
  perProcess,
  rate,
  row,
  stat,
  table,
  timeseries,
  whichRollcall,
} from "./grafana.mjs";

const none = [
  [undefined, "green"],
  [1, "red"],
];

export const ownership = dashboard({
  uid: "rollcall-ownership",
  title: "Rollcall / Ownership",
  description: "Who owns which share of the accounts, how owners change, and the NATS under it.",
  variables: whichRollcall,
  rows: [
    row("Now", [
      stat(
        "Roster instances",
        "As the others see them.",
        "short",
        `max(rollcall_ownership_instances{${chosen},service="roster"})`,
      ),
      stat(
        "Presence instances",
        "As the others see them.",
        "short",
        `max(rollcall_ownership_instances{${chosen},service="presence"})`,
      ),
      stat(
        "Without an owner",
        "Partitions of 256, of either service.",
        "short",
        `max(namespace_service:rollcall_ownership_unowned:max{${chosen}})`,
        none,
      ),
      stat(
        "Being rebuilt",
        "Partitions whose presence owner does not know their sessions yet.",
        "short",
        `sum(rollcall_presence_partitions{${chosen},state="rebuilding"})`,
        none,
      ),
      stat(
        "Without NATS",
        "Processes.",
        "short",
        `count(rollcall_nats_connected{${chosen}} == 0) or vector(0)`,
        none,
      ),
      stat(
        "Least of a lease",
        "Owners renew every 3 s and stop by themselves at 0.",
        "s",
        `min(rollcall_ownership_lease_left_seconds{${chosen}} > 0)`,
        [
          [undefined, "red"],
          [6, "green"],
        ],
      ),
    ]),
    row("Owners", [
      timeseries(
        "Partitions of roster instances",
        "256 together.",
        "short",
        [
          [
            perProcess(`rollcall_ownership_partitions{${chosen},service="roster"}`),
            "{{service_instance_id}}",
          ],
        ],
        { stack: true },
      ),
      timeseries(
        "Partitions of presence instances",
        "256 together.",
        "short",
        [
          [
            perProcess(`rollcall_ownership_partitions{${chosen},service="presence"}`),
            "{{service_instance_id}}",
          ],
        ],
        { stack: true },
      ),
      table(
        "Owners",
        "What each has now.",
        "short",
        [
          [perProcess(`rollcall_ownership_partitions{${chosen}}`, "service")],
          [perProcess(`rollcall_ownership_lease_left_seconds{${chosen}}`, "service")],
        ],
        {
          service_instance_id: "Instance",
          service: "Service",
          "Value #A": "Partitions",
          "Value #B": "Lease left (s)",
        },
        8,
      ),
      timeseries("Leases", "How long each acts for its partitions unless it renews.", "s", [
        [
          perProcess(`rollcall_ownership_lease_left_seconds{${chosen}}`, "service"),
          "{{service_instance_id}}",
        ],
      ]),
      timeseries(
        "Moves",
        "Partitions won, handed over by owners that leave, and lost by owners that could not renew.",
        "short",
        [
          [
            `sum by (service, change) (increase(rollcall_ownership_moves_total{${chosen}}[$__rate_interval]))`,
            "{{service}} {{change}}",
          ],
        ],
      ),
      timeseries(
        "Without an owner",
        "Of 256, by service.",
        "short",
        [[`max by (service) (namespace_service:rollcall_ownership_unowned:max{${chosen}})`, "{{service}}"]],
        { limit: 1 },
      ),
    ]),
    row("Epochs", [
      timeseries(
        "Refused for their epoch",
        "What was said or asked by, or of, somebody who is not the owner any more. Does not grow in quiet times.",
        "reqps",
        [
          [rate("rollcall_bus_refused_total", { by: "reason" }), "bus: {{reason}}"],
          [rate("rollcall_presence_fenced_total"), "presence: fenced"],
          [rate("rollcall_roster_fenced_total"), "roster: fenced"],
          [rate("rollcall_downlink_stanzas_total", { where: 'outcome="fenced"' }), "connection: fenced"],
        ],
      ),
      timeseries(
        "Conflicts",
        "Writes of leases that somebody else was ahead of. Some whenever owners change.",
        "reqps",
        [[rate("rollcall_ownership_conflicts_total", { by: "service" }), "{{service}}"]],
      ),
      heatmap(
        "From winning a partition to serving it",
        "Presence asks every connection node for its sessions meanwhile.",
        "s",
        "rollcall_ownership_preparation_duration_seconds",
        { width: 8 },
      ),
      timeseries(
        "Sessions rebuilt",
        "Taken over from another owner, and debts of dead nodes that were paid.",
        "short",
        [
          [`sum(increase(rollcall_presence_sessions_rebuilt_total{${chosen}}[$__rate_interval]))`, "rebuilt"],
          [`sum(increase(rollcall_presence_debts_paid_total{${chosen}}[$__rate_interval]))`, "debts paid"],
          [
            `sum(increase(rollcall_presence_sessions_ended_with_node_total{${chosen}}[$__rate_interval]))`,
            "ended with their node",
          ],
        ],
      ),
    ]),
    row("NATS", [
      timeseries("Connections lost", "To NATS, by process.", "short", [
        [
          perProcess(`increase(rollcall_nats_disconnects_total{${chosen}}[$__rate_interval])`),
          "{{service_instance_id}}",
        ],
      ]),
      timeseries("Frames", "Between processes, and those that found nobody.", "reqps", [
        [rate("rollcall_bus_frames_total", { by: "direction" }), "{{direction}}"],
        [rate("rollcall_bus_bounces_total"), "found nobody"],
      ]),
      timeseries(
        "Unfinished messages",
        "Those that wait, and those under way.",
        "short",
        [[`sum by (direction, state) (rollcall_bus_messages{${chosen}})`, "{{direction}} {{state}}"]],
        { stack: true },
      ),
      timeseries(
        "Wait in lanes, p99",
        "Of messages that could not leave at once: for an owner, or for those before them.",
        "s",
        [
          [
            `histogram_quantile(0.99, ${rate("rollcall_bus_lane_delay_seconds_bucket", { by: "le" })})`,
            "p99",
          ],
        ],
        { exemplars: true },
      ),
    ]),
  ],
});
