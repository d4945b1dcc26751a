{{/*
The template of a pod. Takes a dict: root, containers, initContainers and volumes as text, graceSec, hostNetwork,
onePerNode, annotations, security (of the pod), isDeployment.
*/}}
{{- define "callweave.podTemplate" -}}
{{- $ := .root -}}
{{- $placement := $.Values.placement -}}
metadata:
  labels:
    {{- include "callweave.labels" $ | nindent 4 }}
  {{- with .annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ $.Chart.Name }}
  automountServiceAccountToken: false
  # Addresses of Services are looked up by name; variables for each of them would only get in the way.
  enableServiceLinks: false
  {{- if .hostNetwork }}
  hostNetwork: true
  dnsPolicy: ClusterFirstWithHostNet
  {{- end }}
  terminationGracePeriodSeconds: {{ .graceSec }}
  securityContext:
    {{- toYaml (.security | default (include "callweave.podSecurity" nil | fromYaml)) | nindent 4 }}
  {{- with ($.Values.global).imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $placement.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $placement.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $placement.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  affinity:
    podAntiAffinity:
      {{- $beside := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" (include "callweave.selector" $ | fromYaml)) }}
      {{- $others := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" (dict "app.kubernetes.io/part-of" "callweave")) }}
      {{- if .onePerNode }}
      requiredDuringSchedulingIgnoredDuringExecution: {{- list $beside | toYaml | nindent 8 }}
      {{- end }}
      preferredDuringSchedulingIgnoredDuringExecution:
        {{- if not .onePerNode }}
        {{- list (dict "weight" 100 "podAffinityTerm" $beside) | toYaml | nindent 8 }}
        {{- end }}
        {{- list (dict "weight" 10 "podAffinityTerm" $others) | toYaml | nindent 8 }}
  {{- if ne ($placement.zoneSpread | default "off") "off" }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: topology.kubernetes.io/zone
      whenUnsatisfiable: {{ ternary "DoNotSchedule" "ScheduleAnyway" (eq $placement.zoneSpread "required") }}
      labelSelector:
        matchLabels: {{- include "callweave.selector" $ | nindent 10 }}
      {{- if .isDeployment }}
      matchLabelKeys: [pod-template-hash]
      {{- end }}
  {{- end }}
  {{- with .initContainers }}
  initContainers: {{- . | nindent 4 }}
  {{- end }}
  containers: {{- .containers | nindent 4 }}
  {{- with .volumes }}
  volumes: {{- . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "callweave.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}
