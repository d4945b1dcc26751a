{{/*
A Deployment and its ServiceAccount. Takes what callweave.podTemplate takes, and replaceInPlace: a new pod needs the
place of an old one, so one goes before one comes.
*/}}
{{- define "callweave.deployment" -}}
{{- $ := .root -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "callweave.metadata" . | nindent 2 }}
spec:
  {{- if not $.Values.autoscaling.enabled }}
  replicas: {{ $.Values.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: {{ ternary 0 1 (eq true .replaceInPlace) }}
      maxUnavailable: {{ ternary 1 0 (eq true .replaceInPlace) }}
  selector:
    matchLabels:
      {{- include "callweave.selector" $ | nindent 6 }}
  template:
    {{- include "callweave.podTemplate" (merge (dict "isDeployment" true) .) | nindent 4 }}
---
{{ include "callweave.serviceAccount" $ }}
{{- end }}

{{/*
The Deployment of a service that only talks on the bus. Takes a dict: root, settings as YAML text, and further secrets
and ports as such, and stateless (it keeps no journal). Nobody has to learn of its leaving: its lease is withdrawn when it starts to drain.
*/}}
{{- define "callweave.busDeployment" -}}
{{- $ := .root -}}
{{- $settings := mergeOverwrite (include "callweave.settings" $ | fromYaml) (include "callweave.busSettings" $ | fromYaml) (.settings | fromYaml) $.Values.env -}}
{{- if .stateless }}{{ $_ := unset $settings "CALLWEAVE_STATE_DIR" }}{{ end -}}
{{- $mounts := ternary list (list (dict "name" "state" "mountPath" "/var/lib/callweave")) (eq true .stateless) -}}
{{- $volumes := ternary "" (include "callweave.stateVolume" nil) (eq true .stateless) -}}
{{- $ports := concat (list (dict "name" "http" "containerPort" (int $.Values.httpPort))) (.ports | default "[]" | fromYamlArray) -}}
{{- $secrets := merge (include "callweave.busSecrets" $ | fromYaml) (.secrets | default "{}" | fromYaml) -}}
{{- $container := dict "root" $ "node" true "name" $.Chart.Name "image" $.Values.image "resources" $.Values.resources "settings" $settings "secrets" $secrets "ports" $ports "health" $.Values.httpPort "mounts" (list (dict "name" "state" "mountPath" "/var/lib/callweave")) -}}
{{- include "callweave.deployment" (dict "root" $ "graceSec" (add $.Values.drain.maxSec 10) "containers" (include "callweave.container" $container) "volumes" $volumes) }}
{{- end }}

{{/* The journal outlives the process in a volume of the pod; a pod that leaves in peace leaves it empty. */}}
{{- define "callweave.stateVolume" -}}
- name: state
  emptyDir:
    sizeLimit: 1Gi
{{- end }}

{{/* An identity that may do nothing: no process of ours talks to the Kubernetes API. */}}
{{- define "callweave.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "callweave.metadata" (dict "root" .) | nindent 2 }}
automountServiceAccountToken: false
{{- end }}
