variable "bucket" {
  type        = string
  description = "Name of the bucket that Velero writes to."
}

variable "days" {
  type        = number
  description = "How long backups are kept."
  default     = 30
}
