{{/* Seconds an edge still serves after it was told to go, while DNS, routers and load balancers learn of it. */}}
{{- define "edge.leavingSec" -}}5{{- end }}

{{/* Longest time the engine needs once its edge is gone: a SIP transaction lasts 32 s. */}}
{{- define "edge.engineSec" -}}35{{- end }}

{{- define "edge.settings" -}}
CALLWEAVE_HTTP_HOST: $(POD_IP)
CALLWEAVE_ENGINE: 127.0.0.1:{{ .Values.engine.controlPort }}
CALLWEAVE_APP_SERVER: {{ .Values.applicationServer | quote }}
{{- with .Values.sip.private.networks }}
CALLWEAVE_PRIVATE_NETWORKS: {{ join "," . | quote }}
{{- end }}
{{- end }}

{{- define "edge.secrets" -}}
{{ include "callweave.busSecrets" . }}
CALLWEAVE_ENGINE_SECRET: { name: {{ .Values.engine.secretName }}, key: engine }
{{- end }}

{{/* An address in a SIP URI. */}}
{{- define "edge.host" -}}
{{ if contains ":" . }}[{{ . }}]{{ else }}{{ . }}{{ end }}
{{- end }}

{{/* One port on both sides, as docs/addresses.md says: an address for each, or one that is seen in two ways. */}}
{{- define "edge.contacts" -}}
{{- $sip := .root.Values.sip -}}
{{- $open := $sip.public.listen | default "$(POD_IP)" -}}
{{- $inner := $sip.private.listen | default "$(POD_IP)" -}}
{{- $networks := join "," $sip.private.networks -}}
{{- if and $networks (ne $open $inner) }}
- --contact
- {{ .scheme | default "sip" }}:{{ include "edge.host" $inner }}:{{ .port }};transport={{ .transport }}
- --local-net
- {{ $networks }}
{{- end }}
- --contact
- {{ .scheme | default "sip" }}:{{ include "edge.host" $open }}:{{ .port }};transport={{ .transport }}
{{- with $sip.public.advertised }}
- --external-ip
- {{ . | quote }}
{{- end }}
{{- if and $networks (eq $open $inner) }}
- --local-net
- {{ $networks }}
{{- end }}
{{- end }}

{{/* Whether a listener is inside TLS; mixed with what is not, it is refused. Takes the listener. */}}
{{- define "edge.isSecure" -}}
{{- $isSecure := or (has "tls" .transports) (has "wss" .transports) -}}
{{- if and $isSecure (or (has "udp" .transports) (has "tcp" .transports) (has "ws" .transports)) }}
{{- fail (printf "sip.listeners: %s: what is inside TLS and what is not need a listener each" (join "," .transports)) }}
{{- end -}}
{{- if $isSecure }}yes{{ end }}
{{- end }}

{{- define "edge.listener" -}}
{{- $scheme := ternary "sips" "sip" (eq (include "edge.isSecure" .listener) "yes") -}}
{{- $transport := join "," .listener.transports -}}
{{- if .listener.address }}
- --contact
- {{ $scheme }}:{{ include "edge.host" .listener.address }}:{{ .listener.port }};transport={{ $transport }}
{{- with .listener.advertised }}
- --external-ip
- {{ . | quote }}
{{- end }}
{{- with .listener.networks }}
- --local-net
- {{ join "," . }}
{{- end }}
{{- else }}
{{- if or .listener.advertised .listener.networks }}
{{- fail (printf "sip.listeners: port %v: advertised and networks need an address; without one it is told what sip.public and sip.private say" .listener.port) }}
{{- end }}
{{- include "edge.contacts" (dict "root" .root "port" .listener.port "scheme" $scheme "transport" $transport) }}
{{- end }}
{{- end }}

{{/* The ports of all listeners, each once: another address may have one of the same number. */}}
{{- define "edge.listenerPorts" -}}
{{- $sip := .Values.sip -}}
{{- $known := dict (printf "UDP %v" $sip.port) true (printf "TCP %v" $sip.port) true (printf "TCP %v" $sip.webSocketPort) true -}}
{{- range $listener := $sip.listeners }}
{{- range $transport := $listener.transports }}
{{- $protocol := ternary "UDP" "TCP" (eq $transport "udp") -}}
{{- $key := printf "%s %v" $protocol $listener.port -}}
{{- if not (hasKey $known $key) }}
{{- $_ := set $known $key true }}
- { name: sip-{{ $transport }}-{{ $listener.port }}, containerPort: {{ $listener.port }}, protocol: {{ $protocol }} }
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "edge.tlsArguments" -}}
{{- $tls := .Values.sip.tls -}}
{{- $isSecure := false -}}
{{- range .Values.sip.listeners }}{{ if eq (include "edge.isSecure" .) "yes" }}{{ $isSecure = true }}{{ end }}{{ end -}}
{{- if and $isSecure (not $tls.secretName) }}
{{- fail "sip.listeners: tls and wss need a certificate; set sip.tls.secretName" }}
{{- end }}
{{- if and (or $tls.secretName $tls.peerCaSecretName) (not $isSecure) }}
{{- fail "sip.tls: nothing is listened for inside TLS; see sip.listeners" }}
{{- end }}
{{- if $isSecure }}
- --cert-file
- /etc/callweave/tls/tls.crt
- --key-file
- /etc/callweave/tls/tls.key
{{- if $tls.peerCaSecretName }}
- --tls-peer-ca
- /etc/callweave/peer-ca/ca.crt
{{- end }}
{{- end }}
{{- end }}

{{- define "edge.tlsMounts" -}}
{{- with .Values.sip.tls.secretName }}
- { name: tls, mountPath: /etc/callweave/tls, readOnly: true }
{{- end }}
{{- with .Values.sip.tls.peerCaSecretName }}
- { name: peer-ca, mountPath: /etc/callweave/peer-ca, readOnly: true }
{{- end }}
{{- end }}

{{- define "edge.engineArguments" -}}
{{- if and .Values.sip.private.listen (not .Values.sip.private.networks) }}
{{- fail "sip.private.listen: nobody is on the private side; set sip.private.networks" }}
{{- end }}
{{- include "edge.contacts" (dict "root" . "port" .Values.sip.port "transport" "udp,tcp") }}
{{- with .Values.sip.webSocketPort }}
{{- include "edge.contacts" (dict "root" $ "port" . "transport" "ws") }}
{{- end }}
{{- range .Values.sip.listeners }}
{{- include "edge.listener" (dict "root" $ "listener" .) }}
{{- end }}
{{- include "edge.tlsArguments" . }}
{{- range .Values.sip.webOrigins }}
- --ws-origin
- {{ . | quote }}
{{- end }}
- --address
- 127.0.0.1
- --port
- {{ .Values.engine.controlPort | quote }}
- --http-host
- $(POD_IP)
- --http-port
- {{ .Values.engine.httpPort | quote }}
- --loglevel
- {{ get (dict "fatal" "error" "error" "error" "warn" "warning" "info" "info" "debug" "debug" "silent" "error") .Values.logLevel }}
- --offer-unknown-dialogs
- --app-grace
- "8000"
{{- end }}

{{- define "edge.volumes" -}}
{{- if eq .Values.state.kind "hostPath" -}}
- name: state
  hostPath:
    path: {{ .Values.state.hostPath }}
    type: DirectoryOrCreate
{{- else -}}
{{ include "callweave.stateVolume" nil }}
{{- end }}
{{- with .Values.sip.tls.secretName }}
- name: tls
  secret:
    secretName: {{ . }}
{{- end }}
{{- with .Values.sip.tls.peerCaSecretName }}
- name: peer-ca
  secret:
    secretName: {{ . }}
{{- end }}
{{- end }}

{{/* The kubelet makes the directory as root's; the edge is not root. */}}
{{- define "edge.ownState" -}}
- name: own-state
  image: {{ include "callweave.image" (dict "root" . "image" .Values.image) | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [chown, '10001:10001', /var/lib/callweave]
  resources:
    requests: { cpu: 10m, memory: 16Mi }
    limits: { cpu: 100m, memory: 64Mi }
  securityContext:
    runAsNonRoot: false
    runAsUser: 0
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities:
      drop: [ALL]
      add: [CHOWN]
  volumeMounts:
    - { name: state, mountPath: /var/lib/callweave }
{{- end }}

{{- define "edge.pod" -}}
{{- $ := . -}}
{{- $fields := dict "POD_IP" "status.podIP" -}}
{{- $settings := mergeOverwrite (include "callweave.settings" $ | fromYaml) (include "callweave.busSettings" $ | fromYaml) (include "edge.settings" $ | fromYaml) .Values.env -}}
{{- $sip := int .Values.sip.port -}}
{{- $enginePorts := list (dict "name" "sip" "containerPort" $sip "protocol" "UDP") (dict "name" "sip-tcp" "containerPort" $sip) (dict "name" "engine-http" "containerPort" (int .Values.engine.httpPort)) -}}
{{- with .Values.sip.webSocketPort }}{{ $enginePorts = append $enginePorts (dict "name" "sip-ws" "containerPort" (int .)) }}{{ end -}}
{{- range include "edge.listenerPorts" $ | fromYamlArray }}{{ $enginePorts = append $enginePorts . }}{{ end -}}
{{- $engine := dict "root" $ "node" true "sidecar" true "name" "sip-engine" "image" .Values.engine.image "resources" .Values.engine.resources "fields" $fields "args" (include "edge.engineArguments" $ | fromYamlArray) "secrets" (dict "DRACHTIO_SECRET" (dict "name" .Values.engine.secretName "key" "engine")) "ports" $enginePorts "mounts" (include "edge.tlsMounts" $ | fromYamlArray) "health" .Values.engine.httpPort -}}
{{- $edge := dict "root" $ "node" true "name" .Chart.Name "image" .Values.image "resources" .Values.resources "fields" $fields "settings" $settings "secrets" (include "edge.secrets" $ | fromYaml) "ports" (list (dict "name" "http" "containerPort" (int .Values.httpPort))) "health" .Values.httpPort "preStopSec" (include "edge.leavingSec" nil | int) "mounts" (list (dict "name" "state" "mountPath" "/var/lib/callweave")) -}}
root: null
hostNetwork: true
onePerNode: true
replaceInPlace: true
graceSec: {{ add (include "edge.leavingSec" nil) .Values.drain.maxSec (include "edge.engineSec" nil) }}
annotations:
  callweave.io/no-network-policy: on the network of its host, which no NetworkPolicy covers; the README lists its ports
initContainers: |-
  {{- if eq .Values.state.kind "hostPath" }}
  {{- include "edge.ownState" $ | nindent 2 }}
  {{- end }}
  {{- include "callweave.container" $engine | nindent 2 }}
containers: |-
  {{- include "callweave.container" $edge | nindent 2 }}
volumes: |-
  {{- include "edge.volumes" $ | nindent 2 }}
{{- end }}
