{{- define "sealed-secrets.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "sealed-secrets.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $release := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- default $release .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "sealed-secrets.namespace" -}}
{{- default .Release.Namespace .Values.namespace -}}
{{- end -}}

{{- define "sealed-secrets.serviceAccountName" -}}
{{- default (.Values.serviceAccount.create | ternary (include "sealed-secrets.fullname" .) "default") .Values.serviceAccount.name -}}
{{- end -}}

{{- define "sealed-secrets.selector" -}}
app.kubernetes.io/name: {{ include "sealed-secrets.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* The metadata of an object. Takes: root, and of name, namespace, labels, annotations what there is. */}}
{{- define "sealed-secrets.metadata" -}}
name: {{ default (include "sealed-secrets.fullname" .root) .name }}
{{- if ne .namespace "" }}
namespace: {{ .namespace }}
{{- end }}
labels:
  {{- include "sealed-secrets.selector" .root | nindent 2 }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  app.kubernetes.io/part-of: sealed-secrets
  helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
  {{- with merge (dict) (default dict .labels) .root.Values.commonLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (default dict .annotations) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* `k=v,k=v` */}}
{{- define "sealed-secrets.pairs" -}}
{{- $pairs := list -}}
{{- range $key, $value := . -}}
{{- $pairs = append $pairs (printf "%s=%s" $key $value) -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end -}}

{{- define "sealed-secrets.args" -}}
{{- $v := .Values -}}
{{- $flags := dict
  "update-status" $v.updateStatus
  "skip-recreate" $v.skipRecreate
  "old-gc-behavior" $v.oldGcBehavior
  "watch-for-secrets" $v.watchForSecrets
  "log-info-stdout" $v.logInfoStdout
  "log-level" $v.logLevel
  "log-format" $v.logFormat
  "key-prefix" $v.secretName
  "key-renew-period" $v.keyrenewperiod
  "key-ttl" $v.keyttl
  "key-cutoff-time" $v.keycutofftime
  "privatekey-annotations" (include "sealed-secrets.pairs" $v.privateKeyAnnotations)
  "privatekey-labels" (include "sealed-secrets.pairs" $v.privateKeyLabels)
  "additional-namespaces" (join "," $v.additionalNamespaces)
  "rate-limit" $v.rateLimit
  "rate-limit-burst" $v.rateLimitBurst
  "http-access" $v.httpAccess
  "max-unseal-retries" $v.maxRetries
  "kubeclient-qps" $v.kubeClientQPS
  "kubeclient-burst" $v.kubeClientBurst
  "listen-addr" (printf ":%v" $v.containerPorts.http)
  "listen-metrics-addr" (printf ":%v" $v.containerPorts.metrics)
-}}
{{- range $flag, $value := $flags -}}
{{- if ne (toString $value) "" }}
- {{ printf "--%s=%v" $flag $value | quote }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A probe of which only the question is ours. Takes: values, custom, path. */}}
{{- define "sealed-secrets.probe" -}}
{{- if .values.enabled -}}
{{ toYaml (omit .values "enabled") }}
httpGet:
  path: {{ .path }}
  port: http
{{- else if .custom -}}
{{ toYaml .custom }}
{{- end -}}
{{- end -}}

{{/* What it may do in the namespaces that it looks after. */}}
{{- define "sealed-secrets.unsealerRules" -}}
- apiGroups: [bitnami.com]
  resources: [sealedsecrets]
  verbs: [get, list, watch]
- apiGroups: [bitnami.com]
  resources: [sealedsecrets/status]
  verbs: [update]
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, update{{ if .Values.oldGcBehavior }}, delete{{ end }}]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
