/**
 * The JSON of Grafana dashboards from short descriptions: ids, places and what every panel repeats are made here.
 *
 *   dashboard({ uid, title, description, variables: [...], rows: [row("Title", [panel, panel]), ...] })
 *
 * Panels lie from left to right in a grid of 24 columns. Queries may have `$namespace` and what else `variables` names.
 */

/** That of Grafana 12 and 13: what `@grafana/schema` has as the version of the classic JSON model. */
export const SCHEMA_VERSION = 42;
const COLUMNS = 24;

/** A variable of a dashboard, where Grafana puts its value in. `format` is `raw` where nothing may be escaped. */
export function variable(name, format = "") {
  return `\${${name}${format === "" ? "" : `:${format}`}}`;
}

const prometheus = { type: "prometheus", uid: variable("prometheus") };
const loki = { type: "loki", uid: variable("loki") };
const tempo = { type: "tempo", uid: variable("tempo") };

/** Labels of the process that a sample is from; `service_instance_id` is its name in the log and in `rollcall status`. */
const process = "namespace, pod, job, instance";

/** Only of the namespaces that are chosen; outside of Kubernetes there are none, and `.*` fits. */
export const chosen = 'namespace=~"$namespace"';

/** A rate by the labels, added up: `rate("rollcall_bus_bounces_total")`. */
export function rate(metric, { by = "", where = "" } = {}) {
  const matchers = where === "" ? chosen : `${chosen},${where}`;
  const sum = by === "" ? "sum" : `sum by (${by}) `;
  return `${sum}(rate(${metric}{${matchers}}[$__rate_interval]))`;
}

/** A quantile of a histogram by the labels. */
export function quantile(q, metric, { by = "", where = "" } = {}) {
  const labels = by === "" ? "le" : `${by}, le`;
  return `histogram_quantile(${q}, ${rate(`${metric}_bucket`, { by: labels, where })})`;
}

/** An expression for each process, under the name that the process has in the log. `labels` are kept as well. */
export function perProcess(expression, labels = "") {
  const kept = labels === "" ? "" : `, ${labels}`;
  return `sum by (service_instance_id${kept}) (${expression} * on (${process}) group_left (service_instance_id) target_info{${chosen}})`;
}

/** @param queries pairs of PromQL and legend. */
function targets(queries, extra = {}) {
  return queries.map(([expr, legendFormat = "__auto"], index) => ({
    datasource: prometheus,
    editorMode: "code",
    expr,
    legendFormat,
    range: true,
    refId: String.fromCharCode(65 + index),
    ...extra,
  }));
}

/** Colours by value: `[[undefined, "green"], [0.5, "red"]]` is red from 0.5. */
function thresholds(steps) {
  return { mode: "absolute", steps: steps.map(([value, color]) => ({ color, value: value ?? null })) };
}

/**
 * Lines over time.
 * @param options `stack`, `limit` (a red line), `exemplars` (dots that lead to traces), `width` of 24, `max`.
 */
export function timeseries(title, description, unit, queries, options = {}) {
  const { stack = false, limit, exemplars = false, width = 8, max } = options;
  return {
    type: "timeseries",
    title,
    description,
    datasource: prometheus,
    size: { w: width, h: 8 },
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(max === undefined ? {} : { max }),
        color: { mode: "palette-classic" },
        custom: {
          drawStyle: "line",
          fillOpacity: stack ? 30 : 0,
          lineWidth: 1,
          showPoints: "never",
          stacking: { group: "A", mode: stack ? "normal" : "none" },
          thresholdsStyle: { mode: limit === undefined ? "off" : "line" },
        },
        thresholds: thresholds(
          limit === undefined
            ? [[undefined, "green"]]
            : [
                [undefined, "green"],
                [limit, "red"],
              ],
        ),
      },
      overrides: [],
    },
    options: {
      legend: { calcs: [], displayMode: "list", placement: "bottom", showLegend: true },
      tooltip: { mode: "multi", sort: "desc" },
    },
    targets: targets(queries, exemplars ? { exemplar: true } : {}),
  };
}

/** One number, the last one. */
export function stat(title, description, unit, expr, steps = [[undefined, "text"]], width = 4) {
  return {
    type: "stat",
    title,
    description,
    datasource: prometheus,
    size: { w: width, h: 4 },
    fieldConfig: {
      defaults: { unit, color: { mode: "thresholds" }, noValue: "–", thresholds: thresholds(steps) },
      overrides: [],
    },
    options: {
      colorMode: "value",
      graphMode: "area",
      justifyMode: "auto",
      orientation: "auto",
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
      textMode: "auto",
    },
    targets: targets([[expr]]),
  };
}

/** How values lie over time, from the buckets of a histogram. */
export function heatmap(title, description, unit, metric, options = {}) {
  const { where = "", width = 12 } = options;
  return {
    type: "heatmap",
    title,
    description,
    datasource: prometheus,
    size: { w: width, h: 8 },
    fieldConfig: { defaults: { custom: { scaleDistribution: { type: "linear" } } }, overrides: [] },
    options: {
      calculate: false,
      cellGap: 1,
      color: { mode: "scheme", scheme: "Blues", steps: 64, exponent: 0.5, fill: "dark-blue", reverse: false },
      exemplars: { color: "rgba(255,0,255,0.7)" },
      filterValues: { le: 1e-9 },
      legend: { show: true },
      rowsFrame: { layout: "auto" },
      tooltip: { mode: "single", yHistogram: false },
      yAxis: { axisPlacement: "left", unit },
    },
    targets: targets([[rate(`${metric}_bucket`, { by: "le", where }), "{{le}}"]], {
      format: "heatmap",
      exemplar: true,
    }),
  };
}

/** Rows of the last values; a query is a column. `columns` names them: label or `Value #A` to title. */
export function table(title, description, unit, queries, columns, width = 12) {
  return {
    type: "table",
    title,
    description,
    datasource: prometheus,
    size: { w: width, h: 8 },
    fieldConfig: { defaults: { unit, custom: { align: "auto", filterable: true } }, overrides: [] },
    options: { cellHeight: "sm", showHeader: true },
    transformations: [
      { id: "merge", options: {} },
      {
        id: "organize",
        options: { excludeByName: { Time: true }, indexByName: {}, renameByName: columns },
      },
    ],
    targets: targets(queries, { format: "table", instant: true, range: false }),
  };
}

/** The alerts that fire. From Prometheus, so that it does not matter whether this Grafana knows its rules. */
export function firingAlerts(width = 8) {
  return table(
    "Alerts",
    "What fires of deploy/observability/prometheus/alerts.yaml; each alert names its runbook.",
    "none",
    [
      [
        `sum by (alertname, severity, namespace, pod, service) (ALERTS{${chosen},alertname=~"Rollcall.*",alertstate="firing"})`,
      ],
    ],
    {
      alertname: "Alert",
      severity: "Severity",
      namespace: "Namespace",
      pod: "Pod",
      service: "Service",
      Value: "Firing",
    },
    width,
  );
}

/** Lines of the log. @param expr LogQL. */
export function logs(title, description, expr, width = 24) {
  return {
    type: "logs",
    title,
    description,
    datasource: loki,
    size: { w: width, h: 10 },
    options: {
      dedupStrategy: "none",
      enableLogDetails: true,
      prettifyLogMessage: false,
      showTime: true,
      sortOrder: "Descending",
      wrapLogMessage: true,
    },
    targets: [
      {
        datasource: loki,
        editorMode: "code",
        expr,
        queryType: "range",
        refId: "A",
      },
    ],
  };
}

/** Traces that fit. @param query TraceQL. */
export function traces(title, description, query, width = 24) {
  return {
    type: "table",
    title,
    description,
    datasource: tempo,
    size: { w: width, h: 10 },
    fieldConfig: { defaults: { custom: { align: "auto", filterable: true } }, overrides: [] },
    options: { cellHeight: "sm", showHeader: true },
    targets: [
      {
        datasource: tempo,
        limit: 50,
        query,
        queryType: "traceql",
        refId: "A",
        spss: 10,
        tableType: "traces",
      },
    ],
  };
}

/** Words. @param content Markdown. */
export function text(content, height = 3) {
  return {
    type: "text",
    title: "",
    size: { w: COLUMNS, h: height },
    options: { content, mode: "markdown" },
  };
}

export function row(title, panels) {
  return { title, panels };
}

/** Which data source of a kind; never one by its uid, which every Grafana has its own. */
export function datasource(type, label) {
  return {
    name: type,
    label,
    type: "datasource",
    query: type,
    current: {},
    hide: 0,
    includeAll: false,
    multi: false,
    options: [],
    refresh: 1,
    regex: "",
    skipUrlSync: false,
  };
}

/** A choice among the values of a label. */
export function labelValues(name, label, metric, of = name) {
  const query = `label_values(${metric}, ${of})`;
  return {
    name,
    label,
    type: "query",
    datasource: prometheus,
    definition: query,
    query: { qryType: 1, query, refId: "PrometheusVariableQueryEditor-VariableQuery" },
    allValue: ".*",
    current: { selected: true, text: ["All"], value: ["$__all"] },
    hide: 0,
    includeAll: true,
    multi: true,
    options: [],
    refresh: 2,
    regex: "",
    skipUrlSync: false,
    sort: 1,
  };
}

/** Something to type in. */
export function textbox(name, label, value, description) {
  return {
    name,
    label,
    description,
    type: "textbox",
    query: value,
    current: { selected: true, text: value, value },
    hide: 0,
    options: [{ selected: true, text: value, value }],
    skipUrlSync: false,
  };
}

/** What every dashboard about numbers begins with. */
export const whichRollcall = [
  datasource("prometheus", "Prometheus"),
  labelValues("namespace", "Namespace", "process_uptime_seconds"),
];

export function dashboard({ uid, title, description, variables, rows, from = "now-3h" }) {
  return {
    annotations: {
      list: [
        {
          builtIn: 1,
          datasource: { type: "grafana", uid: "-- Grafana --" },
          enable: true,
          hide: true,
          iconColor: "rgba(0, 211, 255, 1)",
          name: "Annotations & Alerts",
          type: "dashboard",
        },
      ],
    },
    description,
    editable: true,
    fiscalYearStartMonth: 0,
    graphTooltip: 1,
    links: [
      {
        asDropdown: true,
        icon: "external link",
        includeVars: true,
        keepTime: true,
        tags: ["rollcall"],
        targetBlank: false,
        title: "Rollcall",
        type: "dashboards",
      },
    ],
    panels: placed(rows),
    refresh: "1m",
    schemaVersion: SCHEMA_VERSION,
    tags: ["rollcall"],
    templating: { list: variables },
    time: { from, to: "now" },
    timepicker: {},
    timezone: "browser",
    title,
    uid,
    version: 1,
  };
}

/** Gives each panel its id and its place. */
function placed(rows) {
  const panels = [];
  let y = 0;
  for (const { title, panels: inRow } of rows) {
    panels.push({
      id: panels.length + 1,
      type: "row",
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    let height = 0;
    for (const { size, ...panel } of inRow) {
      if (x + size.w > COLUMNS) {
        x = 0;
        y += height;
        height = 0;
      }
      panels.push({ id: panels.length + 1, ...panel, gridPos: { x, y, ...size } });
      x += size.w;
      height = Math.max(height, size.h);
    }
    y += height;
  }
  return panels;
}
