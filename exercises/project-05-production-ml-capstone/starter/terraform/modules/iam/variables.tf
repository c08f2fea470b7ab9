variable "name" {
  type        = string
  description = "Name of the role."
}

variable "oidc_provider_arn" {
  type        = string
  description = "Identity provider of the cluster."
}

variable "oidc_issuer" {
  type        = string
  description = "Its issuer, without https."
}

variable "namespace" {
  type        = string
  description = "Namespace of the account."
}

variable "account" {
  type        = string
  description = "Name of the account."
}

variable "policy" {
  type        = string
  description = "What the role may do, as JSON."
}
