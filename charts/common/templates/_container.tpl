{{/*
A container, as an item of a list. Takes a dict:
  root, name, image (with repository, tag, pullPolicy), resources
  settings    environment: name to value; an empty value is left out
  secrets     environment from Secrets: name to a dict of name and key
  fields      environment from the pod: name to field path; the others may use $(NAME)
  command, args, ports, mounts, security
  health      number of the port that serves /healthz and /readyz
  preStopSec  seconds to go on serving after the pod was told to go, while others learn of it
  sidecar     starts before, and ends after, the containers of the pod
  node        a process of ours: three quarters of the memory limit are its heap, the rest is for buffers and code
*/}}
{{- define "callweave.container" -}}
- name: {{ .name }}
  image: {{ include "callweave.image" . | quote }}
  imagePullPolicy: {{ .image.pullPolicy }}
  {{- if .sidecar }}
  restartPolicy: Always
  {{- end }}
  {{- with .command }}
  command: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .args }}
  args: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- include "callweave.environment" . | nindent 2 }}
  {{- with .ports }}
  ports: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .health }}
  {{- include "callweave.probes" . | nindent 2 }}
  {{- end }}
  {{- with .preStopSec }}
  lifecycle:
    preStop:
      sleep:
        seconds: {{ . }}
  {{- end }}
  resources: {{- toYaml .resources | nindent 4 }}
  securityContext:
    {{- toYaml (.security | default (include "callweave.security" nil | fromYaml)) | nindent 4 }}
  {{- with .mounts }}
  volumeMounts: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* What a container may do: nothing but run. */}}
{{- define "callweave.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "callweave.environment" -}}
{{- $settings := dict -}}
{{- if .node }}{{ $_ := set $settings "NODE_OPTIONS" (printf "--max-old-space-size=%s" (include "callweave.mebibytes" (dict "limit" .resources.limits.memory "part" 0.75))) }}{{ end -}}
{{- range $name, $value := .settings }}{{ if ne (toString $value) "" }}{{ $_ := set $settings $name $value }}{{ end }}{{ end -}}
env:
  {{- range $name, $path := .fields }}
  - name: {{ $name }}
    valueFrom:
      fieldRef:
        fieldPath: {{ $path }}
  {{- end }}
  {{- range $name, $from := .secrets }}
  - name: {{ $name }}
    valueFrom:
      secretKeyRef:
        name: {{ $from.name }}
        key: {{ $from.key }}
  {{- end }}
  {{- range $name, $value := $settings }}
  - name: {{ $name }}
    value: {{ toString $value | quote }}
  {{- end }}
{{- end }}

{{/* A part of a memory limit, in MiB. Takes a dict: limit (as 512Mi or 1.5Gi), part. */}}
{{- define "callweave.mebibytes" -}}
{{- $perUnit := ternary 1024.0 1.0 (hasSuffix "Gi" .limit) -}}
{{- mulf (float64 (regexFind "^[0-9.]+" .limit)) $perUnit .part | floor | int }}
{{- end }}

{{/* A process that is busy for a while is unready, not dead. Takes the port. */}}
{{- define "callweave.probes" -}}
startupProbe:
  httpGet: { path: /healthz, port: {{ . }} }
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /healthz, port: {{ . }} }
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: {{ . }} }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
{{- end }}

{{/* Settings of every process. Takes the chart's root; pods on the standard network listen on all their addresses. */}}
{{- define "callweave.settings" -}}
CALLWEAVE_HTTP_HOST: 0.0.0.0
CALLWEAVE_HTTP_PORT: {{ .Values.httpPort }}
CALLWEAVE_LOG_LEVEL: {{ .Values.logLevel }}
CALLWEAVE_DRAIN_SEC: {{ .Values.drain.maxSec }}
CALLWEAVE_OTLP_URL: {{ (.Values.global).otlpUrl | default "" | quote }}
{{- end }}

{{/* Settings of a process on the bus. Takes the chart's root. */}}
{{- define "callweave.busSettings" -}}
CALLWEAVE_NATS_URL: {{ .Values.nats.url }}
CALLWEAVE_NATS_USER: {{ .Chart.Name }}
CALLWEAVE_STATE_DIR: /var/lib/callweave
{{- end }}

{{/* The password of a service's user on the bus. Takes the chart's root. */}}
{{- define "callweave.busSecrets" -}}
CALLWEAVE_NATS_PASSWORD:
  name: {{ .Values.nats.usersSecret }}
  key: {{ .Chart.Name }}
{{- end }}
