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

export const presence = dashboard({
  uid: "rollcall-presence",
  title: "Rollcall / Presence fan-out",
  description: "From one change of presence to everybody who is told of it.",
  variables: whichRollcall,
  rows: [
    row("Now", [
      stat("Changes", "Of presence, in a second.", "reqps", rate("rollcall_presence_broadcasts_total")),
      stat(
        "Told",
        "Presence for sessions, in a second.",
        "reqps",
        rate("rollcall_presence_deliveries_total"),
      ),
      stat(
        "Told for each change",
        "Sessions.",
        "short",
        `${rate("rollcall_presence_deliveries_total")} / ${rate("rollcall_presence_broadcasts_total")}`,
      ),
      stat(
        "Available sessions",
        "Of the sessions that presence owners know.",
        "short",
        `sum(rollcall_presence_available_sessions{${chosen}})`,
      ),
      stat(
        "Waiting for nodes",
        "Deliveries that no connection node has taken yet.",
        "short",
        `sum(rollcall_presence_node_items_waiting{${chosen}})`,
      ),
      stat(
        "Lost",
        "Deliveries that were lost, in an hour.",
        "short",
        `sum(increase(rollcall_presence_node_items_dropped_total{${chosen}}[1h]))`,
        [
          [undefined, "green"],
          [1, "orange"],
        ],
      ),
    ]),
    row("Fan-out", [
      heatmap(
        "Accounts told of one change",
        "How popular those are who change.",
        "short",
        "rollcall_presence_fan_out_recipients",
      ),
      timeseries(
        "Changes and what they make",
        "Changes of presence, and presence for sessions.",
        "reqps",
        [
          [rate("rollcall_presence_broadcasts_total"), "changes"],
          [rate("rollcall_presence_deliveries_total"), "told"],
          [
            rate("rollcall_presence_deliveries_coalesced_total"),
            "told together with another session of the node",
          ],
          [rate("rollcall_presence_directed_total"), "directed"],
        ],
        { width: 12 },
      ),
      timeseries("Changes by owner", "One that is much busier has a very popular account.", "reqps", [
        [
          perProcess(`rate(rollcall_presence_deliveries_total{${chosen}}[$__rate_interval])`),
          "{{service_instance_id}}",
        ],
      ]),
      timeseries(
        "Time of handlers, p99",
        "With whatever they wait for.",
        "s",
        [
          [
            quantile(0.99, "rollcall_bus_handler_duration_seconds", {
              by: "channel",
              where: 'channel=~"presence-commands|fan-out|deliver|bind"',
            }),
            "{{channel}}",
          ],
        ],
        { exemplars: true },
      ),
      timeseries(
        "Wait for a handler, p99",
        "From the arrival of a message to the start of its handler.",
        "s",
        [
          [
            quantile(0.99, "rollcall_bus_queue_delay_seconds", {
              by: "channel",
              where: 'channel=~"presence-commands|fan-out|deliver|bind|node-deliveries"',
            }),
            "{{channel}}",
          ],
        ],
        { exemplars: true },
      ),
    ]),
    row("To connection nodes", [
      timeseries(
        "Deliveries and messages",
        "How many deliveries one message carries: fewer, the more nodes there are.",
        "reqps",
        [
          [rate("rollcall_presence_node_items_total"), "deliveries"],
          [rate("rollcall_presence_node_messages_total"), "messages"],
        ],
      ),
      timeseries(
        "Until the node has it, p50 and p99",
        "From the first delivery for a node to its word that it has it.",
        "s",
        [
          [quantile(0.5, "rollcall_presence_node_message_duration_seconds"), "p50"],
          [quantile(0.99, "rollcall_presence_node_message_duration_seconds"), "p99"],
        ],
        { exemplars: true },
      ),
      timeseries("Lost", "To nodes that died, or took nothing; and messages for other owners.", "reqps", [
        [rate("rollcall_presence_node_items_dropped_total"), "deliveries"],
        [rate("rollcall_presence_node_messages_failed_total"), "messages for nodes"],
        [rate("rollcall_presence_not_handed_over_total"), "messages for owners"],
        [rate("rollcall_presence_broadcasts_failed_total"), "changes"],
      ]),
    ]),
    row("Messages and probes", [
      timeseries(
        "Stanzas for accounts",
        "Messages, iqs and directed presence, by what became of them.",
        "reqps",
        [[rate("rollcall_presence_stanzas_total", { by: "outcome" }), "{{outcome}}"]],
        { stack: true },
      ),
      timeseries("Offline messages", "For accounts that nobody was there to take.", "reqps", [
        [rate("rollcall_offline_messages_total", { by: "outcome" }), "{{outcome}}"],
      ]),
      timeseries(
        "Probes and held stanzas",
        "Stanzas are held while their account waits for a roster or a store.",
        "reqps",
        [
          [rate("rollcall_presence_probes_total", { by: "outcome" }), "probe {{outcome}}"],
          [rate("rollcall_presence_stanzas_held_back_total"), "held back"],
          [rate("rollcall_presence_roster_questions_failed_total"), "roster not to be had"],
        ],
      ),
    ]),
  ],
});
