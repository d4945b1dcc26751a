{{/* Labels of everything in a chart. Takes the chart's root. */}}
{{- define "callweave.labels" -}}
{{ include "callweave.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: callweave
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* The labels pods are chosen by; they never change. Takes the chart's root. */}}
{{- define "callweave.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Name and labels of an object. Takes a dict: root, and a suffix of the name. */}}
{{- define "callweave.metadata" -}}
name: {{ .root.Chart.Name }}{{ with .suffix }}-{{ . }}{{ end }}
labels:
  {{- include "callweave.labels" .root | nindent 2 }}
{{- end }}

{{/* An image with its tag. Takes a dict: root, and image with repository and tag. */}}
{{- define "callweave.image" -}}
{{- with (.root.Values.global).registry }}{{ . }}/{{ end -}}
{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end }}
