variable "name" {
  type        = string
  description = "Name of the database."
}

variable "vpc_id" {
  type        = string
  description = "Network of the database."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Subnets of the database."
}

variable "allowed_cidr" {
  type        = string
  description = "Range that may connect."
}

variable "instance_class" {
  type        = string
  description = "Size of the database."
  default     = "db.t3.medium"
}

variable "multi_az" {
  type        = bool
  description = "Whether a second zone stands by."
  default     = false
}

variable "backup_days" {
  type        = number
  description = "How long backups are kept."
  default     = 1
}

variable "protected" {
  type        = bool
  description = "Whether deletion is refused."
  default     = false
}
