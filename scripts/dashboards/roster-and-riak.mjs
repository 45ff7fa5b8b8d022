import {
  chosen,
  dashboard,
  heatmap,
  perProcess,
  quantile,
  rate,
  row,
  stat,
  timeseries,
  whichRollcall,
} from "./grafana.mjs";

export const rosterAndRiak = dashboard({
  uid: "rollcall-roster-and-riak",
  title: "Rollcall / Roster and Riak",
  description: "What is asked of rosters, how Riak does it, and where siblings come from.",
  variables: whichRollcall,
  rows: [
    row("Now", [
      stat("Roster operations", "In a second.", "reqps", rate("rollcall_roster_operations_total")),
      stat(
        "Riak fails",
        "Share of the operations, after all attempts.",
        "percentunit",
        `max(namespace:rollcall_riak_operations_failed:ratio_rate5m{${chosen}})`,
        [
          [undefined, "green"],
          [0.01, "orange"],
          [0.05, "red"],
        ],
      ),
      stat(
        "Riak p99",
        "Of the slowest kind of operation.",
        "s",
        `max(namespace_operation:rollcall_riak_operation_duration_seconds:p99_5m{${chosen}})`,
        [
          [undefined, "green"],
          [0.1, "orange"],
          [0.5, "red"],
        ],
      ),
      stat(
        "Riak hosts down",
        "As the process sees it that sees most of them down.",
        "short",
        `max(rollcall_riak_hosts{${chosen},state="down"})`,
        [
          [undefined, "green"],
          [1, "red"],
        ],
      ),
      stat(
        "Merges",
        "Rosters whose siblings were merged, in an hour.",
        "short",
        `sum(increase(rollcall_roster_store_merges_total{${chosen}}[1h]))`,
      ),
      stat(
        "Siblings left out",
        "That were no rosters, in a day.",
        "short",
        `sum(increase(rollcall_roster_store_unreadable_siblings_total{${chosen}}[1d]))`,
        [
          [undefined, "green"],
          [1, "red"],
        ],
      ),
    ]),
    row("Rosters", [
      timeseries(
        "Operations",
        "What clients, contacts, presence owners and operators ask.",
        "reqps",
        [[rate("rollcall_roster_operations_total", { by: "operation" }), "{{operation}}"]],
        { stack: true },
      ),
      timeseries("Not done", "Refused by a rule, or failed by the store or the bus.", "reqps", [
        [
          rate("rollcall_roster_operations_total", { by: "operation, outcome", where: 'outcome!="done"' }),
          "{{operation}} {{outcome}}",
        ],
      ]),
      timeseries(
        "Answers to roster gets",
        "In full, as pushes since the client's version, or nothing new.",
        "reqps",
        [[rate("rollcall_roster_answers_total", { by: "form" }), "{{form}}"]],
        { stack: true },
      ),
      timeseries(
        "Time of handlers, p99",
        "With the store and whatever else they wait for.",
        "s",
        [
          [
            quantile(0.99, "rollcall_bus_handler_duration_seconds", {
              by: "channel",
              where: 'channel=~"roster-commands|inbound-subscriptions|roster-view|subscribers"',
            }),
            "{{channel}}",
          ],
        ],
        { exemplars: true },
      ),
      timeseries(
        "Pushes and edits",
        "Items pushed to sessions; rosters that were changed from outside.",
        "reqps",
        [
          [rate("rollcall_roster_pushes_total"), "pushed items"],
          [rate("rollcall_roster_edits_total"), "rosters edited from outside"],
          [rate("rollcall_roster_store_adoptions_total"), "rosters adopted"],
        ],
      ),
      timeseries(
        "Hand-overs under way",
        "Stanzas for rosters of other accounts. 0 in quiet times.",
        "short",
        [[perProcess(`rollcall_roster_hand_overs_under_way{${chosen}}`), "{{service_instance_id}}"]],
      ),
    ]),
    row("Riak", [
      timeseries("Operations", "By what came of them.", "reqps", [
        [rate("rollcall_riak_operations_total", { by: "operation, outcome" }), "{{operation}} {{outcome}}"],
      ]),
      timeseries(
        "Time, p50 and p99",
        "With all attempts. At 5 s an operation is given up.",
        "s",
        [
          [
            quantile(0.5, "rollcall_riak_operation_duration_seconds", { by: "operation" }),
            "{{operation}} p50",
          ],
          [
            quantile(0.99, "rollcall_riak_operation_duration_seconds", { by: "operation" }),
            "{{operation}} p99",
          ],
        ],
        { limit: 0.5, exemplars: true },
      ),
      timeseries("Failures", "By cause; and writes of which nobody knows whether they happened.", "reqps", [
        [rate("rollcall_riak_failures_total", { by: "cause" }), "{{cause}}"],
        [rate("rollcall_riak_writes_unknown_total"), "write with unknown outcome"],
      ]),
      timeseries(
        "Attempts",
        "Requests to hosts, repetitions among them, and what was not even asked.",
        "reqps",
        [
          [rate("rollcall_riak_requests_total"), "requests"],
          [rate("rollcall_riak_retries_total"), "repetitions"],
          [rate("rollcall_riak_requests_refused_total", { by: "cause" }), "not made: {{cause}}"],
        ],
      ),
      timeseries(
        "Hosts",
        "By state: `tried` are those that get single requests to see whether they are back.",
        "short",
        [
          [
            perProcess(`rollcall_riak_hosts{${chosen},state!="up"}`, "state"),
            "{{service_instance_id}} {{state}}",
          ],
        ],
      ),
      heatmap(
        "Time of operations",
        "All operations, with all attempts.",
        "s",
        "rollcall_riak_operation_duration_seconds",
        { width: 8 },
      ),
    ]),
    row("Siblings", [
      timeseries(
        "Merges and conflicts",
        "Siblings that were merged; writes that met another one and were made again.",
        "reqps",
        [
          [rate("rollcall_roster_store_merges_total"), "merged"],
          [rate("rollcall_roster_store_conflicts_total"), "written again"],
          [rate("rollcall_roster_store_unreadable_siblings_total"), "left out"],
        ],
      ),
      timeseries("Operations that met siblings", "In any bucket, not only that of rosters.", "reqps", [
        [
          rate("rollcall_riak_operations_total", { by: "operation", where: 'outcome="siblings"' }),
          "{{operation}}",
        ],
      ]),
      timeseries(
        "Reads and writes of rosters",
        "And reads that needed no decoding, since nothing had changed.",
        "reqps",
        [
          [rate("rollcall_roster_store_operations_total", { by: "operation" }), "{{operation}}"],
          [rate("rollcall_roster_store_cache_hits_total"), "unchanged"],
        ],
      ),
    ]),
  ],
});
