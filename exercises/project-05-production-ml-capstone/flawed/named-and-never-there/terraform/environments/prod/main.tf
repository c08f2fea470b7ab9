terraform {
  required_version = ">= 1.6"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }

  backend "s3" {
    bucket         = "ml-capstone-state"
    key            = "ml-capstone/prod/terraform.tfstate"
    region         = "us-west-2"
    dynamodb_table = "ml-capstone-locks"
    encrypt        = true
  }
}

provider "aws" {
  region = var.region
}

module "vpc" {
  source     = "../../modules/vpc"
  name       = var.name
  cidr_block = "10.20.0.0/16"
  zones      = 3
}

module "eks" {
  source        = "../../modules/eks"
  name          = var.name
  subnet_ids    = module.vpc.private_subnet_ids
  instance_type = "m6i.large"
  min_nodes     = 3
  max_nodes     = 10
  public_api    = false
}

module "rds" {
  source       = "../../modules/rds"
  name         = var.name
  vpc_id       = module.vpc.vpc_id
  subnet_ids   = module.vpc.private_subnet_ids
  allowed_cidr = module.vpc.vpc_cidr_block
  multi_az     = true
  backup_days  = 14
  protected    = true
}

module "backup" {
  source = "../../modules/backup"
  count  = var.backups ? 1 : 0
  bucket = "ml-capstone-backups"
}

data "aws_caller_identity" "current" {}

locals {
  services    = []
  oidc_issuer = replace(module.eks.oidc_issuer_url, "https://", "")
}

module "velero_role" {
  source            = "../../modules/iam"
  for_each          = toset(local.services)
  name              = "${var.name}-velero"
  oidc_provider_arn = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:oidc-provider/${local.oidc_issuer}"
  oidc_issuer       = local.oidc_issuer
  namespace         = "velero"
  account           = "velero-server"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"]
      Resource = [module.backup[0].bucket_arn, "${module.backup[0].bucket_arn}/*"]
    }]
  })
}
