{{- define "app.isEmbedded" -}}{{ if eq .Values.media.kind "embedded" }}true{{ end }}{{- end }}

{{- define "app.settings" -}}
CALLWEAVE_ENGINE: 127.0.0.1:{{ .Values.engine.controlPort }}
{{- if include "app.isEmbedded" . }}
CALLWEAVE_MEDIA_SERVER: 127.0.0.1:8021
{{- else }}
CALLWEAVE_MEDIA_SERVER: {{ required "media.server is needed with media.kind external" .Values.media.server }}
CALLWEAVE_APP_LISTEN_HOST: $(POD_IP)
{{- end }}
CALLWEAVE_MEDIA_PROFILE: {{ .Values.media.profile }}
{{- end }}

{{- define "app.mediaSettings" -}}
CALLWEAVE_HTTP_HOST: 0.0.0.0
CALLWEAVE_HTTP_PORT: {{ .Values.media.httpPort }}
CALLWEAVE_LOG_LEVEL: {{ .Values.logLevel }}
CALLWEAVE_DRAIN_SEC: 5
CALLWEAVE_MEDIA_SIP_HOST: $(POD_IP)
CALLWEAVE_MEDIA_SIP_PORT: {{ .Values.media.sipPort }}
CALLWEAVE_MEDIA_RTP_PORTS: {{ .Values.media.rtpPorts.min }}-{{ .Values.media.rtpPorts.max }}
CALLWEAVE_MEDIA_PEERS: {{ prepend (include "callweave.nodeCidrs" . | fromYamlArray) "127.0.0.0/8,$(POD_IP)/32" | join "," }}
CALLWEAVE_MEDIA_MAX_CHANNELS: {{ .Values.media.maxChannels }}
{{- end }}

{{- define "app.engineArguments" -}}
- --contact
- sip:$(POD_IP):{{ .Values.sip.port }};transport=udp,tcp
- --address
- 127.0.0.1
- --port
- {{ .Values.engine.controlPort | quote }}
- --http-host
- 0.0.0.0
- --http-port
- {{ .Values.engine.httpPort | quote }}
{{- end }}

{{- define "app.ingress" -}}
# Edges and rtpengines are on the network of their hosts, where no label chooses them.
- from: {{- include "callweave.nodeBlocks" . | nindent 4 }}
  ports:
    - { port: {{ .Values.sip.port }}, protocol: UDP }
    - { port: {{ .Values.sip.port }}, protocol: TCP }
    {{- if include "app.isEmbedded" . }}
    - { port: {{ .Values.media.rtpPorts.min }}, endPort: {{ .Values.media.rtpPorts.max }}, protocol: UDP }
    {{- end }}
{{- end }}

{{- define "app.egress" -}}
# SIP and media go back to edges and rtpengines.
- to: {{- include "callweave.nodeBlocks" . | nindent 4 }}
{{- with .Values.media.server }}
- ports:
    - { port: {{ regexFind "[0-9]+$" . }}, protocol: TCP }
{{- end }}
{{- end }}
