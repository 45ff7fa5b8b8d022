import {
  chosen,
  dashboard,
  firingAlerts,
  perProcess,
  quantile,
  rate,
  row,
  stat,
  timeseries,
  whichRollcall,
} from "./grafana.mjs";

const accepted = 'outcome="accepted"';
const failed = 'operation=~"get|set|remove|outbound_subscription",outcome="failed"';
const none = [
  [undefined, "green"],
  [1, "red"],
];

export const overview = dashboard({
  uid: "rollcall-overview",
  title: "Rollcall / Overview",
  description: "Whether users are served, and which process to look at.",
  variables: whichRollcall,
  rows: [
    row("Now", [
      stat(
        "Sessions",
        "Clients that have logged in.",
        "short",
        `sum(namespace:rollcall_connection_sessions:sum{${chosen}})`,
      ),
      stat(
        "Accounts online",
        "As presence owners know them.",
        "short",
        `sum(rollcall_presence_accounts{${chosen}})`,
      ),
      stat(
        "Logins",
        "Sessions that are bound in a second.",
        "reqps",
        `sum(namespace:rollcall_stream_logins:rate5m{${chosen}})`,
      ),
      stat(
        "Stanzas that fail",
        "Share of the accepted stanzas; 0.1 % may.",
        "percentunit",
        `max(namespace:rollcall_stanzas_failed:ratio_rate1h{${chosen}})`,
        [
          [undefined, "green"],
          [0.001, "orange"],
          [0.0144, "red"],
        ],
      ),
      stat(
        "Stanzas over a second",
        "Share of the stanzas that were done; 1 % may.",
        "percentunit",
        `max(namespace:rollcall_stanzas_late:ratio_rate1h{${chosen}})`,
        [
          [undefined, "green"],
          [0.01, "orange"],
          [0.144, "red"],
        ],
      ),
      stat(
        "Processes not ready",
        "What is missing says /readyz of the process, and `rollcall status`.",
        "short",
        `count(rollcall_process_ready{${chosen}} == 0) or vector(0)`,
        none,
      ),
    ]),
    row("Stanzas of clients", [
      timeseries(
        "Stanzas",
        "Accepted stanzas by what has to be done for them.",
        "reqps",
        [[rate("rollcall_uplink_stanzas_total", { by: "kind", where: accepted }), "{{kind}}"]],
        { stack: true },
      ),
      timeseries(
        "Stanzas that fail",
        "Not taken by their owner, or refused with an error of type wait.",
        "reqps",
        [
          [rate("rollcall_uplink_bounces_total", { by: "kind" }), "bounced: {{kind}}"],
          [
            rate("rollcall_roster_operations_total", { by: "operation", where: failed }),
            "roster: {{operation}}",
          ],
        ],
      ),
      timeseries(
        "Time until done, p99",
        "From the arrival of a stanza to the word of its owner. The line is the objective.",
        "s",
        [[quantile(0.99, "rollcall_uplink_duration_seconds", { by: "kind" }), "{{kind}}"]],
        { limit: 1, exemplars: true },
      ),
      timeseries(
        "Stanzas to clients",
        "By what became of them at the connection node.",
        "reqps",
        [[rate("rollcall_downlink_stanzas_total", { by: "outcome" }), "{{outcome}}"]],
        { stack: true },
      ),
      timeseries(
        "Burn rate of the budget",
        "1 uses up the budget of a month in a month. Both lines of an objective have to be above 14.4 for somebody to be called.",
        "none",
        [
          [`max(namespace:rollcall_stanzas_failed:ratio_rate5m{${chosen}}) / 0.001`, "failed, 5 min"],
          [`max(namespace:rollcall_stanzas_failed:ratio_rate1h{${chosen}}) / 0.001`, "failed, 1 h"],
          [`max(namespace:rollcall_stanzas_late:ratio_rate5m{${chosen}}) / 0.01`, "late, 5 min"],
          [`max(namespace:rollcall_stanzas_late:ratio_rate1h{${chosen}}) / 0.01`, "late, 1 h"],
        ],
        { limit: 14.4 },
      ),
      firingAlerts(),
    ]),
    row("Between processes", [
      timeseries(
        "Wait for a handler, p99",
        "From the arrival of a message in a process to the start of its handler.",
        "s",
        [[quantile(0.99, "rollcall_bus_queue_delay_seconds", { by: "channel" }), "{{channel}}"]],
        { exemplars: true },
      ),
      timeseries("Oldest unfinished message", "It grows where somebody does not answer.", "s", [
        [
          perProcess(`rollcall_bus_oldest_seconds{${chosen}}`, "direction"),
          "{{service_instance_id}} {{direction}}",
        ],
      ]),
      timeseries(
        "Messages that were not done",
        "At their handlers: tried again, refused, or for somebody else by now.",
        "reqps",
        [
          [
            rate("rollcall_bus_handled_total", { by: "channel, outcome", where: 'outcome!="done"' }),
            "{{channel}} {{outcome}}",
          ],
        ],
      ),
    ]),
    row("Processes", [
      timeseries("CPU", "Of all threads; 1 is a core.", "none", [
        [
          perProcess(
            `sum without (cpu_mode) (rate(process_cpu_time_seconds_total{${chosen}}[$__rate_interval]))`,
          ),
          "{{service_instance_id}}",
        ],
      ]),
      timeseries(
        "Event loop busy",
        "Share of the time. Above 0.8 everything in the process waits.",
        "percentunit",
        [
          [
            perProcess(
              `rate(nodejs_eventloop_time_seconds_total{${chosen},nodejs_eventloop_state="active"}[$__rate_interval])`,
            ),
            "{{service_instance_id}}",
          ],
        ],
        { limit: 0.8, max: 1 },
      ),
      timeseries(
        "Event loop delay, p99",
        "How late timers are. A node that stands still for 5 s is taken for dead.",
        "s",
        [[perProcess(`nodejs_eventloop_delay_p99_seconds{${chosen}}`), "{{service_instance_id}}"]],
      ),
      timeseries("Memory", "Resident.", "bytes", [
        [perProcess(`process_memory_usage_bytes{${chosen}}`), "{{service_instance_id}}"],
      ]),
      timeseries(
        "Heap",
        "Share of what V8's heap may hold.",
        "percentunit",
        [
          [
            perProcess(`(v8js_memory_heap_used_bytes{${chosen}} / v8js_memory_heap_limit_bytes{${chosen}})`),
            "{{service_instance_id}}",
          ],
        ],
        { limit: 0.8, max: 1 },
      ),
      timeseries(
        "Garbage collection",
        "Share of the time that the process stood still for it.",
        "percentunit",
        [
          [
            perProcess(
              `sum without (v8js_gc_type) (rate(v8js_gc_duration_seconds_sum{${chosen}}[$__rate_interval]))`,
            ),
            "{{service_instance_id}}",
          ],
        ],
      ),
    ]),
  ],
});
