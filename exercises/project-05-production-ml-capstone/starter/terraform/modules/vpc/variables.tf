variable "name" {
  type        = string
  description = "Name of the network."
}

variable "cidr_block" {
  type        = string
  description = "Range of addresses of the network."
}

variable "zones" {
  type        = number
  description = "How many availability zones are used."
  default     = 2
}
