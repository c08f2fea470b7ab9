{{- define "common.name" -}}{{ tpl (.Values.naming | default "{{ .Chart.Name }}") . }}{{- end }}
{{- define "common.labels" -}}app: {{ include "common.name" . }}{{- end }}
