{{- define "api.name" -}}
{{ .Release.Name }}-api
{{- end -}}
