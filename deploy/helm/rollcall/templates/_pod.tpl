{{/*
The pod of one kind of process. Called with a dict: root, kind (as the command line has it), values (its part of the values),
dataVolume (whether data.dir is a volume claim).
*/}}
{{- define "rollcall.podTemplate" -}}
{{- $root := .root -}}
{{- $kind := .kind -}}
{{- $values := .values -}}
{{- $settings := include "rollcall.settings" $root | fromYaml -}}
{{- $tls := eq $kind "connection" | ternary (include "rollcall.tlsSecret" $root) "" -}}
{{- $selector := include "rollcall.selector" $root -}}
{{- range $name, $_ := $values.env -}}
{{- if hasPrefix "ROLLCALL_" $name -}}
{{- fail (printf "%s.env.%s: that is a setting; it belongs into settings, or into secrets" $kind $name) -}}
{{- end -}}
{{- end -}}
metadata:
  labels:
    {{- include "rollcall.podLabels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ $kind }}
    # What the Service for metrics selects: pods of the release that serve /metrics.
    rollcall/metrics: "true"
    {{- with $values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # The processes read their settings when they start.
    checksum/settings: {{ printf "%s%s" (include "rollcall.variables" (list $root $kind)) (include "rollcall.secretVariables" (list $root $kind)) | sha256sum }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "rollcall.serviceAccount" $root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $root.Values.drainSeconds }}
  securityContext:
    {{- include "rollcall.podSecurity" $root | nindent 4 }}
  {{- with $root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with $values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if and $values.spread (ne $values.spread "none") }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: topology.kubernetes.io/zone
      whenUnsatisfiable: ScheduleAnyway
      # Of one version: while a rollout runs, pods of the old one do not count.
      matchLabelKeys: [pod-template-hash]
      labelSelector: &mine
        matchLabels:
          {{- $selector | nindent 10 }}
          app.kubernetes.io/component: {{ $kind }}
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      matchLabelKeys: [pod-template-hash]
      labelSelector: *mine
  affinity:
    podAntiAffinity:
      {{- if eq $values.spread "hard" }}
      requiredDuringSchedulingIgnoredDuringExecution:
        - topologyKey: kubernetes.io/hostname
          # A rollout brings a pod before it takes one away, and may put it beside that.
          matchLabelKeys: [pod-template-hash]
          labelSelector: *mine
      {{- else }}
      preferredDuringSchedulingIgnoredDuringExecution:
        - weight: 100
          podAffinityTerm:
            topologyKey: kubernetes.io/hostname
            labelSelector: *mine
      {{- end }}
  {{- end }}
  containers:
    - name: {{ $kind }}
      image: {{ include "rollcall.image" $root | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: [{{ $kind }}]
      envFrom:
        - configMapRef: { name: {{ include "rollcall.fullname" $root }}-{{ $kind }} }
      {{- $secrets := include "rollcall.secretVariables" (list $root $kind) }}
      {{- if or $secrets $values.env }}
      env:
        {{- with $secrets }}
        {{- trim . | nindent 8 }}
        {{- end }}
        {{- range $name, $value := $values.env }}
        - name: {{ $name }}
          value: {{ $value | quote }}
        {{- end }}
      {{- end }}
      ports:
        - name: http
          containerPort: {{ include "rollcall.port" (list $root "listen.http") }}
        {{- if eq $kind "connection" }}
        {{- with include "rollcall.port" (list $root "listen.c2s") }}
        - name: c2s
          containerPort: {{ . }}
        {{- end }}
        {{- with include "rollcall.port" (list $root "listen.c2s_tls") }}
        - name: c2s-tls
          containerPort: {{ . }}
        {{- end }}
        {{- end }}
        {{- if eq $kind "store" }}
        - name: riak
          containerPort: {{ include "rollcall.port" (list $root "listen.riak") }}
        {{- end }}
      startupProbe:
        httpGet: { path: /startupz, port: http }
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: {{ div (int $root.Values.startupSeconds) 5 }}
      # Says no only after a fault that a new start heals. A process that is busy for half a minute is left alone.
      livenessProbe:
        httpGet: { path: /livez, port: http }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /readyz, port: http }
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      lifecycle:
        # Not ready, and serving as before for drain.unready_ms; SIGTERM then begins the drain.
        preStop:
          exec:
            command: [node, packages/cli/bin/rollcall.mjs, leave, --pid, "1"]
      resources:
        {{- toYaml $values.resources | nindent 8 }}
      securityContext:
        {{- include "rollcall.containerSecurity" $root | nindent 8 }}
      volumeMounts:
        - { name: data, mountPath: {{ get $settings "data.dir" | quote }} }
        - { name: tmp, mountPath: /tmp }
        {{- if $tls }}
        # As a directory: a file that is mounted by itself would never be exchanged.
        - { name: tls, mountPath: /etc/rollcall/tls, readOnly: true }
        {{- end }}
        {{- range $index, $mount := $root.Values.mounts }}
        - { name: mount-{{ $index }}, mountPath: {{ $mount.path | quote }}, readOnly: true }
        {{- end }}
  volumes:
    {{- if not .dataVolume }}
    # Nothing in it has to outlive the pod.
    - name: data
      emptyDir: { sizeLimit: {{ $root.Values.dataSize }} }
    {{- end }}
    - name: tmp
      emptyDir: { sizeLimit: 64Mi }
    {{- if $tls }}
    - name: tls
      secret: { secretName: {{ $tls | quote }}, defaultMode: 0440 }
    {{- end }}
    {{- range $index, $mount := $root.Values.mounts }}
    - name: mount-{{ $index }}
      {{- if $mount.secret }}
      secret: { secretName: {{ $mount.secret | quote }}, defaultMode: 0440 }
      {{- else }}
      configMap: { name: {{ $mount.configMap | quote }} }
      {{- end }}
    {{- end }}
{{- end -}}
