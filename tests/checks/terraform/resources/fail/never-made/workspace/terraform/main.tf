resource "aws_s3_bucket" "backups" {
  count = 0
}

variable "make_queue" { default = false }
variable "names" { default = [] }
variable "keys" { default = 1 }

locals {
  wanted = var.make_queue && true
}

resource "aws_sqs_queue" "jobs" {
  count = local.wanted ? 1 : 0
}

resource "aws_dynamodb_table" "locks" {
  for_each = toset([])
}

module "role" {
  source   = "./iam"
  for_each = { for name in var.names : name => name }
}

module "keys" {
  source = "./kms"
  count  = "${var.keys}"
}
