{{/* Refuses port ranges that cannot be. */}}
{{- define "rtpengine.checkPorts" -}}
{{- $first := int .Values.ports.firstMedia -}}
{{- $end := add $first (mul .Values.replicas .Values.ports.perReplica) | int -}}
{{- if gt $end 65536 }}{{ fail (printf "ports: %d replicas with %d media ports each from %d on end at %d, above 65535" (int .Values.replicas) (int .Values.ports.perReplica) $first (sub $end 1)) }}{{ end -}}
{{- range $name, $at := dict "control" (int .Values.ports.control) "http" (int .Values.ports.http) -}}
{{- if and (lt $at $end) (gt (add $at $.Values.replicas | int) $first) }}{{ fail (printf "ports.%s: %d and the next lie within the media ports %d-%d" $name $at $first (sub $end 1)) }}{{ end -}}
{{- end }}
{{- if lt (sub (max .Values.ports.control .Values.ports.http) (min .Values.ports.control .Values.ports.http)) (int64 .Values.replicas) }}{{ fail "ports: control and http of the replicas overlap" }}{{ end -}}
{{- end }}

{{- define "rtpengine.fields" -}}
- name: HOST_IP
  valueFrom:
    fieldRef:
      fieldPath: status.hostIP
# 0, 1, 2 …: the number in the pod's name.
- name: REPLICA
  valueFrom:
    fieldRef:
      fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
{{- end }}

{{/* Who speaks with the kernel module is root, its files in /proc are root's; and sets the rule that feeds it. */}}
{{- define "rtpengine.kernelSecurity" -}}
runAsNonRoot: false
runAsUser: 0
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
  add: [NET_ADMIN]
{{- end }}

{{/* The image's own start takes a kernel table for TABLE_OWNER, and says loudly when there is none. */}}
{{- define "rtpengine.start" -}}
first=$(( {{ .Values.ports.firstMedia }} + REPLICA * {{ .Values.ports.perReplica }} ))
exec start-rtpengine --log-level=6{{ if and .Values.kernel.enabled .Values.kernel.required }} --no-fallback{{ end }} \
  {{- range .Values.interfaces }}
  --interface={{ . | replace "$(HOST_IP)" "\"$HOST_IP\"" }} \
  {{- end }}
  --listen-ng="$HOST_IP:$(( {{ .Values.ports.control }} + REPLICA ))" \
  --listen-http="$HOST_IP:$(( {{ .Values.ports.http }} + REPLICA ))" \
  --port-min="$first" --port-max="$(( first + {{ .Values.ports.perReplica }} - 1 ))"
  {{- with .Values.maxSessions }} --max-sessions={{ . }}{{ end }}
{{- end }}

{{/* Takes no more calls, and waits for those whose phones ring: what is answered by then moves, the rest fails. */}}
{{- define "rtpengine.refuse" -}}
exec:
  command:
    - /bin/bash
    - -c
    - |
      exec 3<>"/dev/tcp/$HOST_IP/$(( {{ .Values.ports.http }} + REPLICA ))"
      printf 'GET /cli/set/maxsessions/0 HTTP/1.0\r\n\r\n' >&3
      grep --quiet Success <&3
      sleep {{ .Values.drain.refuseSec }}
{{- end }}

{{/* The port differs from replica to replica, so the probe makes it from the environment; with nothing but a shell. */}}
{{- define "rtpengine.probe" -}}
exec:
  command:
    - /bin/bash
    - -c
    - |
      exec 3<>"/dev/tcp/$HOST_IP/$(( {{ .Values.ports.http }} + REPLICA ))"
      printf 'GET /ping HTTP/1.0\r\n\r\n' >&3
      grep --quiet pong <&3
timeoutSeconds: 3
{{- end }}

{{- define "rtpengine.container" -}}
- name: rtpengine
  image: {{ include "callweave.image" (dict "root" . "image" .Values.image) | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command:
    - /bin/sh
    - -ec
    - |
      {{- include "rtpengine.start" . | nindent 6 }}
  env:
    {{- include "rtpengine.fields" . | nindent 4 }}
    {{- if .Values.kernel.enabled }}
    - name: TABLE_OWNER
      valueFrom:
        fieldRef:
          fieldPath: metadata.uid
    {{- end }}
  startupProbe:
    {{- include "rtpengine.probe" . | nindent 4 }}
    periodSeconds: 1
    failureThreshold: 60
  livenessProbe:
    {{- include "rtpengine.probe" . | nindent 4 }}
    periodSeconds: 5
    failureThreshold: 6
  readinessProbe:
    {{- include "rtpengine.probe" . | nindent 4 }}
    periodSeconds: 5
    failureThreshold: 2
  lifecycle:
    preStop:
      {{- include "rtpengine.refuse" . | nindent 6 }}
  resources: {{- toYaml .Values.resources | nindent 4 }}
  {{- if .Values.kernel.enabled }}
  securityContext: {{- include "rtpengine.kernelSecurity" nil | nindent 4 }}
  {{- else }}
  securityContext: {{- include "callweave.security" nil | nindent 4 }}
  {{- end }}
  volumeMounts:
    - { name: run, mountPath: /run }
    {{- if .Values.kernel.enabled }}
    - { name: tables, mountPath: /run/callweave/rtpengine-tables }
    {{- end }}
{{- end }}

{{- define "rtpengine.volumes" -}}
# The lock of iptables, and what else a daemon keeps while it runs.
- name: run
  emptyDir:
    sizeLimit: 16Mi
{{- if .Values.kernel.enabled }}
- name: tables
  hostPath:
    path: /run/callweave/rtpengine-tables
    type: DirectoryOrCreate
{{- end }}
{{- end }}
