{{/*
What drainSeconds comes to, in seconds. Everything that has to do with the end of a pod is taken from here.
  unready  not ready and serving as before
  drain    for draining
The 10 s that are left are for the start of the preStop hook and for stopping.
*/}}
{{- define "rollcall.drain" -}}
{{- $total := int .Values.drainSeconds -}}
{{- $unready := min 60 (div $total 6) -}}
unready: {{ $unready }}
drain: {{ sub (sub $total $unready) 10 }}
{{- end -}}

{{/* The settings of the processes without secrets, as YAML: those of the values, and what the chart knows by itself. */}}
{{- define "rollcall.settings" -}}
{{- $given := dict -}}
{{- range $name, $value := .Values.settings -}}
{{- if not (kindIs "invalid" $value) -}}{{- $_ := set $given $name $value -}}{{- end -}}
{{- end -}}
{{- if not $given.domains -}}
{{- fail "settings.domains: name the domains that accounts are of, as --set 'settings.domains={example.org}'" -}}
{{- end -}}
{{- range $name, $default := dict "listen.c2s" "0.0.0.0:5222" "listen.c2s_tls" "0.0.0.0:5223" "listen.http" "0.0.0.0:8080" "listen.riak" "0.0.0.0:8098" "data.dir" "/data" -}}
{{- if not (hasKey $given $name) -}}{{- $_ := set $given $name $default -}}{{- end -}}
{{- end -}}
{{- range $name := list "listen.http" "listen.riak" -}}
{{- if eq (get $given $name) "off" -}}
{{- fail (printf "settings.%q: cannot be off here, since probes, metrics or other pods ask there" $name) -}}
{{- end -}}
{{- end -}}
{{- $known := dict -}}

{{- $drain := include "rollcall.drain" . | fromYaml -}}
{{- range $name := list "drain.unready_ms" "drain.budget_ms" -}}
{{- if hasKey $given $name -}}
{{- fail (printf "settings.%q: set drainSeconds instead; the grace period of the pod follows from the same value" $name) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $known "drain.unready_ms" (mul $drain.unready 1000) -}}
{{- $_ := set $known "drain.budget_ms" (mul $drain.drain 1000) -}}

{{- if include "rollcall.tlsSecret" . -}}
{{- range $name := list "tls.cert" "tls.key" -}}
{{- if hasKey $given $name -}}
{{- fail (printf "settings.%q: tls.existingSecret and tls.certManager set it; use one of them, or mounts with this setting" $name) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $known "tls.cert" "/etc/rollcall/tls/tls.crt" -}}
{{- $_ := set $known "tls.key" "/etc/rollcall/tls/tls.key" -}}
{{- end -}}

{{- if .Values.nats.enabled -}}
{{- $_ := set $known "nats.servers" (list (printf "%s:4222" (include "rollcall.nats" .))) -}}
{{- $config := .Values.nats.config | default dict -}}
{{- $cluster := $config.cluster | default dict -}}
{{- if $cluster.enabled -}}{{- $_ := set $known "nats.replicas" (min 3 (default 3 $cluster.replicas)) -}}{{- end -}}
{{- else if not (get $given "nats.servers") -}}
{{- fail "NATS: nats.enabled is false, so settings.\"nats.servers\" has to say where it is" -}}
{{- end -}}

{{- if and .Values.riak.operator.enabled .Values.store.enabled -}}
{{- fail "Riak: riak.operator.enabled and store.enabled exclude each other" -}}
{{- end -}}
{{- if .Values.riak.operator.enabled -}}
{{- /* Each node by its name, so that one that fails is left alone, and not all of them. */ -}}
{{- $hosts := list -}}
{{- range $index := until (int .Values.riak.operator.spec.size) -}}
{{- $hosts = append $hosts (printf "%s-%d.%s-headless:8098" (include "rollcall.riakCluster" $) $index (include "rollcall.riakCluster" $)) -}}
{{- end -}}
{{- $_ := set $known "riak.hosts" $hosts -}}
{{- else if .Values.store.enabled -}}
{{- $_ := set $known "riak.hosts" (list (printf "%s-store:%s" (include "rollcall.fullname" .) (regexReplaceAll "^.*:" (get $given "listen.riak") ""))) -}}
{{- else if not (get $given "riak.hosts") -}}
{{- fail "Riak: settings.\"riak.hosts\" has to say where it is; or riak.operator.enabled makes a cluster, or store.enabled a store to try Rollcall out" -}}
{{- end -}}

{{- if .Values.otelCollector.enabled -}}
{{- $_ := set $known "otlp.endpoint" (printf "http://%s-otel-collector:4318" (include "rollcall.fullname" .)) -}}
{{- end -}}

{{- merge $given $known | toYaml -}}
{{- end -}}

{{/* The variables of one kind of process, as YAML. Called with (list $ "connection"). */}}
{{- define "rollcall.variables" -}}
{{- $root := index . 0 -}}
{{- $kind := index . 1 -}}
{{- $values := include "rollcall.settings" $root | fromYaml -}}
{{- range $name, $setting := $root.Files.Get "files/settings.json" | fromJson -}}
{{- if and (has $kind $setting.processes) (hasKey $values $name) }}
{{- $value := get $values $name }}
{{- $text := kindIs "string" $value | ternary $value (kindIs "slice" $value | ternary (join "," $value) (toJson $value)) }}
{{ $setting.variable }}: {{ $text | quote }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Secrets that the chart can make, by the names of the settings. */}}
{{- define "rollcall.generated" -}}
{{- $names := list -}}
{{- if .Values.generateSecrets -}}
{{- range $name := list "admin.token" "auth.decoy_secret" "log.jids_key" -}}
{{- if not (hasKey $.Values.secrets $name) -}}{{- $names = append $names $name -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- dict "names" $names | toYaml -}}
{{- end -}}

{{/* Secret settings of one kind of process, as entries of env. Called with (list $ "connection"). */}}
{{- define "rollcall.secretVariables" -}}
{{- $root := index . 0 -}}
{{- $kind := index . 1 -}}
{{- $generated := (include "rollcall.generated" $root | fromYaml).names -}}
{{- range $name, $setting := $root.Files.Get "files/settings.json" | fromJson -}}
{{- if and $setting.secret (has $kind $setting.processes) }}
{{- $key := get $root.Values.secrets $name | default (has $name $generated | ternary (dict "name" (include "rollcall.generatedSecret" $root) "key" $name) dict) }}
{{- if $key }}
- name: {{ $setting.variable }}
  valueFrom:
    secretKeyRef: { name: {{ $key.name | quote }}, key: {{ $key.key | quote }} }
{{- end }}
{{- end -}}
{{- end -}}
{{- end -}}
