output "bucket_arn" {
  value       = aws_s3_bucket.this.arn
  description = "For the policy of Velero's role."
}
