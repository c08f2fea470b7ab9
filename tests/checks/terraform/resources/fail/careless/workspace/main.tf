provider "aws" {
  region     = var.region
  secret_key = "c2VjcmV0LWtleQ"
}

module "network" {
  source = "./network"
  range  = "10.0.0.0/16"
}

resource "aws_db_instance" "metadata" {
  allocated_storage   = 5
  publicly_accessible = true
  subnet_id           = aws_subnet.private.id
}

resource "aws_security_group" "ssh" {
  vpc_id = module.network.id
  ingress {
    from_port   = 22
    to_port     = 22
    cidr_blocks = ["0.0.0.0/0"]
  }
}

variable "api_token" {
  type        = string
  description = "Token of the API."
  default     = "abc"
}

variable "size" {}
