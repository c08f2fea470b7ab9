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
    key            = "ml-capstone/dev/terraform.tfstate"
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
  cidr_block = "10.10.0.0/16"
  zones      = 2
}

module "eks" {
  source        = "../../modules/eks"
  name          = var.name
  subnet_ids    = module.vpc.private_subnet_ids
  instance_type = "t3.large"
  min_nodes     = 1
  max_nodes     = 4
  public_api    = true
}

module "rds" {
  source       = "../../modules/rds"
  name         = var.name
  vpc_id       = module.vpc.vpc_id
  subnet_ids   = module.vpc.private_subnet_ids
  allowed_cidr = module.vpc.vpc_cidr_block
  multi_az     = false
  backup_days  = 1
  protected    = false
}
