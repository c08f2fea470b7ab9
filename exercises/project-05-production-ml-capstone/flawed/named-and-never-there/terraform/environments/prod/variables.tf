variable "name" {
  type        = string
  description = "Name of the environment's resources."
  default     = "ml-capstone-prod"
}

variable "region" {
  type        = string
  description = "Region of all resources."
  default     = "us-west-2"
}

variable "backups" {
  type        = bool
  description = "Whether there are backups."
  default     = false
}
