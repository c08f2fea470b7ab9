variable "environment" { default = "dev" }
variable "regions" {}

module "unused" {
  source  = "./backup"
  enabled = false
}

module "backup" {
  source  = "./backup"
  enabled = var.environment == "dev"
}

resource "aws_sqs_queue" "jobs" {
  count = var.environment == "prod" ? 1 : 0
}

resource "aws_dynamodb_table" "locks" {
  for_each = toset(var.regions)
}

resource "aws_iam_role" "this" {
  count = length(["a", "b"])
}
