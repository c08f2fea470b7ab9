variable "region" {
  type        = string
  description = "Where everything lives."
  default     = "eu-central-1"
}

variable "storage" {
  type        = number
  description = "Disk of the database, in GiB."
  default     = 50
}

variable "db_password" {
  type        = string
  description = "Password of the metadata database."
  sensitive   = true
}
