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

const day = 86_400;

export const connections = dashboard({
  uid: "rollcall-connections",
  title: "Rollcall / Connections",
  description: "Connection nodes: who is connected, how logins go, what is turned away, and drains.",
  variables: whichRollcall,
  rows: [
    row("Now", [
      stat("Connections", "Open ones, logged in or not.", "short", `sum(rollcall_connections{${chosen}})`),
      stat(
        "Sessions",
        "Clients that have logged in.",
        "short",
        `sum(rollcall_connection_sessions{${chosen}})`,
      ),
      stat(
        "Logging in",
        "Connections without a session yet.",
        "short",
        `sum(rollcall_connection_logins_under_way{${chosen}})`,
      ),
      stat(
        "Ends not confirmed",
        "Sessions that have ended, which their owners do not know yet.",
        "short",
        `sum(rollcall_connection_ends_unconfirmed{${chosen}})`,
      ),
      stat("Nodes", "Connection nodes that are running.", "short", `count(rollcall_connections{${chosen}})`),
      stat(
        "Certificate",
        "Until the first certificate of a node ends.",
        "s",
        `min(rollcall_tls_certificate_expiry_timestamp_seconds{${chosen}}) - time()`,
        [
          [undefined, "red"],
          [3 * day, "orange"],
          [14 * day, "green"],
        ],
      ),
    ]),
    row("Sessions", [
      timeseries(
        "By node",
        "Sessions of each node.",
        "short",
        [
          [
            perProcess(`sum without (domain, transport) (rollcall_connection_sessions{${chosen}})`),
            "{{service_instance_id}}",
          ],
        ],
        { stack: true },
      ),
      timeseries(
        "By domain",
        "Sessions of each domain.",
        "short",
        [[`sum by (domain) (rollcall_connection_sessions{${chosen}})`, "{{domain}}"]],
        { stack: true },
      ),
      timeseries(
        "By transport",
        "TLS from within the stream, before it, or none.",
        "short",
        [[`sum by (transport) (rollcall_connection_sessions{${chosen}})`, "{{transport}}"]],
        { stack: true },
      ),
    ]),
    row("Logins", [
      timeseries("Logins", "SASL exchanges by what became of them, and sessions bound.", "reqps", [
        [rate("rollcall_login_attempts_total", { by: "outcome" }), "{{outcome}}"],
        [rate("rollcall_stream_logins_total"), "session bound"],
      ]),
      timeseries(
        "Mechanisms",
        "Logins that succeeded.",
        "reqps",
        [
          [
            rate("rollcall_login_attempts_total", { by: "mechanism", where: 'outcome="success"' }),
            "{{mechanism}}",
          ],
        ],
        { stack: true },
      ),
      timeseries(
        "Phases, p95",
        "Of logins that succeeded. Clients are cut off at limits.login_seconds.",
        "s",
        [[quantile(0.95, "rollcall_login_duration_seconds", { by: "phase" }), "{{phase}}"]],
        { limit: 5, exemplars: true },
      ),
      timeseries("TLS handshakes", "The dearest part of a login.", "reqps", [
        [
          perProcess(`rate(rollcall_stream_tls_handshakes_total{${chosen}}[$__rate_interval])`),
          "{{service_instance_id}}",
        ],
      ]),
      heatmap(
        "Time of logins",
        "From the connection to the session.",
        "s",
        "rollcall_login_duration_seconds",
        {
          where: 'phase="total"',
          width: 16,
        },
      ),
    ]),
    row("Limits and errors", [
      timeseries("New connections", "By what became of them.", "reqps", [
        [rate("rollcall_connection_accepts_total", { by: "outcome" }), "{{outcome}}"],
      ]),
      timeseries(
        "Streams that end badly",
        "Stream errors of this server, its faults, and clients that do not read or answer.",
        "reqps",
        [
          [rate("rollcall_stream_errors_total"), "stream error"],
          [rate("rollcall_stream_faults_total"), "fault of ours"],
          [rate("rollcall_stream_clients_lost_total", { by: "cause" }), "{{cause}}"],
        ],
      ),
      timeseries("Stanzas refused", "Ill-formed for their kind, or to where they may not go.", "reqps", [
        [rate("rollcall_uplink_stanzas_total", { by: "kind", where: 'outcome="refused"' }), "{{kind}}"],
      ]),
    ]),
    row("Nodes that come and go", [
      timeseries("Draining", "For how long processes have been ending.", "s", [
        [perProcess(`(rollcall_process_draining_seconds{${chosen}} > 0)`), "{{service_instance_id}}"],
      ]),
      timeseries(
        "Sessions that ended with their node",
        "Their contacts see them go; none where nodes drain.",
        "short",
        [
          [
            `sum(increase(rollcall_presence_sessions_ended_with_node_total{${chosen}}[$__rate_interval]))`,
            "sessions",
          ],
        ],
      ),
      timeseries(
        "Stanzas under way",
        "Stanzas of this node that an owner has, and has not finished.",
        "short",
        [[perProcess(`rollcall_uplink_under_way{${chosen}}`), "{{service_instance_id}}"]],
      ),
    ]),
  ],
});
