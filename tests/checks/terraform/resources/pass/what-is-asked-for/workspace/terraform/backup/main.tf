variable "enabled" { default = false }

variable "kept" { default = true }

resource "aws_s3_bucket" "this" {
  count         = var.enabled ? 1 : 0
  force_destroy = !var.kept
}
