terraform {
  required_version = ">= 1.6"
  backend "s3" {
    bucket         = "acme-state"
    key            = "dev/terraform.tfstate"
    region         = "eu-central-1"
    encrypt        = true
    dynamodb_table = "acme-locks"
  }
}

provider "aws" {
  region = var.region
}

module "network" {
  source = "../modules/network"
  cidr   = "10.10.0.0/16"
}

resource "aws_security_group" "api" {
  vpc_id = module.network.vpc_id
  dynamic "ingress" {
    for_each = [443]
    content {
      from_port   = 443
      to_port     = 443
      protocol    = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
    }
  }
}

resource "aws_db_instance" "metadata" {
  engine            = "postgres"
  allocated_storage = var.storage
  storage_encrypted = true
  password          = var.db_password
}
