{{/* What stands around a service that only talks on the bus. Takes the chart's root. */}}
{{- define "callweave.busPolicies" -}}
{{ include "callweave.hpa" (dict "root" .) }}
---
{{ include "callweave.pdb" . }}
---
{{ include "callweave.networkPolicy" (dict "root" . "bus" true) }}
---
{{ include "callweave.podMonitor" (dict "root" .) }}
{{- end }}

{{/*
Scales on CPU, and on a metric of the pods. Takes a dict: root, metric (its name), average (its value per pod; 0 leaves
it out).
*/}}
{{- define "callweave.hpa" -}}
{{- $ := .root -}}
{{- $scaling := $.Values.autoscaling -}}
{{- if $scaling.enabled -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "callweave.metadata" (dict "root" $) | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ $.Chart.Name }}
  minReplicas: {{ $scaling.minReplicas }}
  maxReplicas: {{ $scaling.maxReplicas }}
  metrics:
    {{- if .average }}
    - type: Pods
      pods:
        metric:
          name: {{ .metric }}
        target:
          type: AverageValue
          averageValue: {{ .average | quote }}
    {{- end }}
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ $scaling.cpuPercent }}
  behavior:
    scaleUp:
      stabilizationWindowSeconds: 0
    # One at a time, after a quiet while: who leaves has work to hand over.
    scaleDown:
      stabilizationWindowSeconds: {{ $scaling.scaleDownAfterSec }}
      policies:
        - type: Pods
          value: 1
          periodSeconds: 60
{{- end }}
{{- end }}

{{/* Maintenance takes so many pods at a time. Takes the chart's root. */}}
{{- define "callweave.pdb" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "callweave.metadata" (dict "root" .) | nindent 2 }}
spec:
  maxUnavailable: {{ .Values.disruption.maxUnavailable }}
  # A pod that is not ready protects nobody, and must not hold up the maintenance of its node.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "callweave.selector" . | nindent 6 }}
{{- end }}

{{/*
Nothing in and nothing out but what is listed. Takes a dict: root, bus (whether it talks on the bus), and further rules
as YAML text: ingress, egress.
*/}}
{{- define "callweave.networkPolicy" -}}
{{- $ := .root -}}
{{- $policy := $.Values.networkPolicy -}}
{{- if $policy.enabled -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "callweave.metadata" (dict "root" $) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "callweave.selector" $ | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- $ingress := concat (.ingress | default "[]" | fromYamlArray) $policy.extraIngress }}
  {{- with $policy.monitoringNamespace }}
  {{- $from := dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" .)) }}
  {{- $ingress = append $ingress (dict "from" (list $from)) }}
  {{- end }}
  ingress: {{- $ingress | default list | toYaml | nindent 4 }}
  egress:
    # Names are asked for in too many places (the cluster's DNS, a cache on the node) to list them here.
    - ports:
        - { port: 53, protocol: UDP }
        - { port: 53, protocol: TCP }
    {{- if .bus }}
    - to:
        - podSelector:
            matchLabels:
              app.kubernetes.io/name: nats
      ports:
        - { port: 4222, protocol: TCP }
    {{- end }}
    {{- with ($.Values.global).otlpUrl }}
    - ports:
        - { port: {{ regexFind "[0-9]+" (regexFind ":[0-9]+" .) | default (ternary 443 80 (hasPrefix "https:" .)) }}, protocol: TCP }
    {{- end }}
    {{- with concat (.egress | default "[]" | fromYamlArray) $policy.extraEgress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
{{- end }}

{{/* Prometheus Operator scrapes each pod. Takes a dict: root, ports (names of the ports with metrics). */}}
{{- define "callweave.podMonitor" -}}
{{- $ := .root -}}
{{- if $.Values.podMonitor.enabled -}}
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  {{- include "callweave.metadata" (dict "root" $) | nindent 2 }}
spec:
  selector:
    matchLabels:
      {{- include "callweave.selector" $ | nindent 6 }}
  podMetricsEndpoints:
    {{- range .ports | default (list "http") }}
    - port: {{ . }}
      interval: {{ $.Values.podMonitor.intervalSec }}s
    {{- end }}
{{- end }}
{{- end }}

{{/* The networks of the nodes: what runs on a host's network comes from there. Takes the chart's root. */}}
{{- define "callweave.nodeCidrs" -}}
{{- (.Values.global).nodeCidrs | default (list "10.0.0.0/8" "172.16.0.0/12" "192.168.0.0/16") | toYaml }}
{{- end }}

{{/* The same as peers of a NetworkPolicy. */}}
{{- define "callweave.nodeBlocks" -}}
{{- range include "callweave.nodeCidrs" . | fromYamlArray }}
- ipBlock: { cidr: {{ . }} }
{{- end }}
{{- end }}
