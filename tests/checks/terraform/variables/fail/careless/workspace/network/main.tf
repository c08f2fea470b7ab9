variable "cidr" { type = string }
output "vpc_id" { value = "x" }
