variable "name" {
  type        = string
  description = "Name of the cluster."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Subnets of the nodes."
}

variable "instance_type" {
  type        = string
  description = "Type of the nodes."
}

variable "min_nodes" {
  type        = number
  description = "Fewest nodes."
}

variable "max_nodes" {
  type        = number
  description = "Most nodes."
}

variable "public_api" {
  type        = bool
  description = "Whether the API is reached from outside."
  default     = true
}
