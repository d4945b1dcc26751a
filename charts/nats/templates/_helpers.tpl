{{- define "nats.users" -}}
{{ .Files.Get "files/users.json" }}
{{- end }}

{{/* Name of the variable with the password of a user. */}}
{{- define "nats.passwordVariable" -}}
NATS_PASSWORD_{{ . | upper | replace "-" "_" }}
{{- end }}

{{- define "nats.environment" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- $users := list "operator" "cluster" }}
{{- range include "nats.users" . | fromJsonArray }}{{ $users = append $users .user }}{{ end }}
{{- range $users }}
- name: {{ include "nats.passwordVariable" . }}
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.usersSecret }}
      key: {{ . }}
{{- end }}
{{- range $ordinal := until (int .Values.replicas) }}
- name: NATS_ROUTE_{{ $ordinal }}
  value: nats-route://cluster:$({{ include "nats.passwordVariable" "cluster" }})@nats-{{ $ordinal }}.nats-headless:6222
{{- end }}
{{- end }}

{{- define "nats.config" -}}
server_name: $POD_NAME
pid_file: /var/run/nats/nats.pid
port: 4222
http_port: 8222

# A peer that is frozen or cut off is given up after some four seconds.
ping_interval: 2s
ping_max: 2

# Told to go, a server hands its leaderships over and asks its clients, a few at a time, to go elsewhere.
lame_duck_grace_period: 2s
lame_duck_duration: 30s

jetstream {
  store_dir: /data
  max_file_store: {{ .Values.jetStream.maxFile | trimSuffix "i" }}B
  max_memory_store: {{ .Values.jetStream.maxMemory | trimSuffix "i" }}B
}
{{- if gt (int .Values.replicas) 1 }}

cluster {
  name: callweave
  port: 6222
  authorization { user: cluster, password: ${{ include "nats.passwordVariable" "cluster" }} }
  routes: [{{ range $ordinal := until (int .Values.replicas) }}
    $NATS_ROUTE_{{ $ordinal }}{{ end }}
  ]
}
{{- end }}

# What each service may do, as generated from the contracts; everybody else is refused.
authorization {
  users: [
    { user: operator, password: ${{ include "nats.passwordVariable" "operator" }} }
    {{- range include "nats.users" . | fromJsonArray }}
    { user: {{ .user }}, password: ${{ include "nats.passwordVariable" .user }}, permissions: {{ toRawJson .permissions }} }
    {{- end }}
  ]
}
{{- end }}
